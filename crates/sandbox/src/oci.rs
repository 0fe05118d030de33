//! Container registries: repositories, tags, indexes, manifests and image configurations.

/// The registries of the model, by host.
#[derive(Debug, Default)]
pub struct Registries {}

/// What a kubelet gets when it pulls an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pulled {
    /// The image, under this digest (`sha256:…`), as a pod's `imageID` reports it.
    Image(String),
    /// There is no such image.
    Absent,
    /// The registry lets nobody in without an account.
    Denied,
    /// The registry does not answer.
    Unreachable,
}

impl Registries {
    /// What a kubelet gets for a reference such as `127.0.0.1:15000/atlas:1.0.0`. An image of a registry that the model
    /// does not have can always be pulled, under a digest that follows from its name.
    pub fn pull(&self, _reference: &str) -> Pulled {
        Pulled::Absent
    }
}
