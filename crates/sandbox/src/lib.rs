//! A fleet in a box: a Kubernetes API with Argo CD's and the workload controllers' behaviour, a container registry, and a
//! GitHub.
//!
//! Everything is one [`Model`]: plain data, a seed and a simulated clock that is moved from event to event. It does no
//! I/O, has no threads, and two models with the same seed and the same requests do the same. [`serve`] puts HTTP around
//! it for programs that want a real connection; simulations call it directly.
//!
//! It depends on nothing else of this workspace and knows nothing of Ringway: it says what Kubernetes, Argo CD and
//! registries do. Every rule in it was seen on the real programs, and names the scenario of the testbed that showed it;
//! where the two disagree, the sandbox is wrong. The testbed has no GitHub: its rules name GitHub's documentation.

mod agenda;
pub mod argocd;
pub mod fleet;
pub mod github;
mod kind;
pub mod kubernetes;
mod model;
pub mod oci;
mod random;
pub mod serve;
mod store;
mod timing;
pub mod workload;

pub use agenda::Controller;
pub use kind::{Key, Kind};
pub use model::Model;
pub use random::Random;
pub use timing::Timing;
