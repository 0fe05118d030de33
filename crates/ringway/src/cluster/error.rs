//! What can go wrong between us and a Kubernetes API server, each with a name, a sentence and what to do about it.

mod classify;

pub(super) use classify::{from_body, from_response, from_transport};

use durable::Failure;
use std::{path::PathBuf, time::Duration};

/// An error below another one, of any type.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// A request to a Kubernetes API server that did not give what was asked for.
#[derive(Debug, thiserror::Error)]
#[error("cluster {cluster}: could not {doing}: {kind}")]
pub struct ClusterError {
    /// What we were doing, such as `read Application argocd/tenant-a`.
    pub doing: String,
    /// Which cluster: an Argo CD instance or the cluster of a tenant.
    pub cluster: String,
    /// Why it failed.
    pub kind: ClusterErrorKind,
    /// The error below it, if there is one.
    pub source: Option<Source>,
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum ClusterErrorKind {
    /// The object does not exist.
    #[error("it does not exist")]
    NotFound,
    /// The API server does not know the kind of the object.
    #[error(
        "the cluster does not know {resource}; check that Argo CD is installed there and that this is its context"
    )]
    CrdAbsent {
        /// Such as `applications.argoproj.io`.
        resource: String,
    },
    /// We may not do this.
    #[error("Ringway may not {verb} {resource} in namespace {namespace}; grant it (see deploy/)")]
    Denied {
        /// Such as `patch`.
        verb: String,
        /// Such as `applications.argoproj.io`.
        resource: String,
        /// Where, or empty for the whole cluster.
        namespace: String,
    },
    /// The API server does not know who we are.
    #[error(
        "the API server does not accept our credentials, they may have expired; renew those of this context"
    )]
    Unauthorized,
    /// The object changed while the API server handled the request.
    #[error("the object changed meanwhile; try again")]
    Conflict,
    /// A `test` operation of a JSON patch did not hold, or a parent of a path is missing. The API server does not say
    /// which.
    #[error("the object is not what the patch was made for: a guard did not hold; read it again")]
    GuardFailed,
    /// Validation, an admission webhook or an admission policy refused the change, or the object is too large.
    #[error("the API server rejected it: {message}")]
    Rejected {
        /// What the API server said.
        message: String,
    },
    /// The resource version or the page is too old to go on from.
    #[error("the version to go on from is too old; read again")]
    Gone,
    /// There are too many requests.
    #[error("the API server has too many requests; try again later")]
    Throttled {
        /// How long the API server asks us to wait.
        retry_after: Option<Duration>,
    },
    /// The API server cannot answer at the moment.
    #[error("the API server cannot answer now ({status}): {message}")]
    Unavailable {
        /// The HTTP status.
        status: u16,
        /// What the API server said.
        message: String,
        /// How long it asks us to wait.
        retry_after: Option<Duration>,
    },
    /// There is no connection, or it broke.
    #[error("{reason}; check that the address in the kubeconfig is right and the API server is up")]
    Unreachable {
        /// Such as `the connection is refused`.
        reason: String,
    },
    /// No answer in time. Whether a write happened is not known.
    #[error("no answer within {} s; check the connection and the load of the API server", .after.as_secs())]
    TimedOut {
        /// How long we waited.
        after: Duration,
    },
    /// One side does not trust the certificate of the other.
    #[error("{reason}; check certificate-authority and the client certificate in the kubeconfig")]
    Certificate {
        /// What is wrong with which.
        reason: String,
    },
    /// We know no way to the cluster.
    #[error(transparent)]
    Connection(ConnectionProblem),
    /// The answer is not what the Kubernetes API promises.
    #[error(
        "the answer cannot be read as {expected}; check that no proxy answers in place of the API server"
    )]
    Malformed {
        /// What it should have been, such as `Application`.
        expected: String,
    },
    /// An answer that we have no name for.
    #[error("unexpected answer {status}: {message}")]
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// What the API server said.
        message: String,
    },
}

/// Why we know no way to a cluster: something about the configuration, found before any request.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionProblem {
    /// The kubeconfig file does not exist.
    #[error("there is no kubeconfig {}; set `kubeconfig` in the configuration or KUBECONFIG", path.display())]
    KubeconfigMissing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The kubeconfig file cannot be used.
    #[error("the kubeconfig {} cannot be used; try `kubectl config view` with it", path.display())]
    KubeconfigInvalid {
        /// Which file.
        path: PathBuf,
    },
    /// The kubeconfig has no such context.
    #[error("the kubeconfig {} has no context {context:?}; it has {}", path.display(), list(available))]
    ContextMissing {
        /// Which file.
        path: PathBuf,
        /// The context that was asked for.
        context: String,
        /// The contexts that there are.
        available: Vec<String>,
    },
    /// No context was asked for, and the kubeconfig does not choose one.
    #[error("the kubeconfig {} has no current context; set `context` to one of {}", path.display(), list(available))]
    NoCurrentContext {
        /// Which file.
        path: PathBuf,
        /// The contexts that there are.
        available: Vec<String>,
    },
    /// The credentials of the context cannot be obtained, such as from an exec plugin.
    #[error("the credentials of the context cannot be obtained; try `kubectl get --raw /version` with it")]
    Credentials,
    /// The configuration does not name the instance.
    #[error("the configuration has no Argo CD instance {name:?}; it has {}", list(available))]
    UnknownInstance {
        /// What was asked for.
        name: String,
        /// What there is.
        available: Vec<String>,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

impl ClusterErrorKind {
    /// A stable name of it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::CrdAbsent { .. } => "crd_absent",
            Self::Denied { .. } => "denied",
            Self::Unauthorized => "unauthorized",
            Self::Conflict => "conflict",
            Self::GuardFailed => "guard_failed",
            Self::Rejected { .. } => "rejected",
            Self::Gone => "gone",
            Self::Throttled { .. } => "throttled",
            Self::Unavailable { .. } => "unavailable",
            Self::Unreachable { .. } => "unreachable",
            Self::TimedOut { .. } => "timed_out",
            Self::Certificate { .. } => "certificate",
            Self::Connection(ConnectionProblem::KubeconfigMissing { .. }) => "kubeconfig_missing",
            Self::Connection(ConnectionProblem::KubeconfigInvalid { .. }) => "kubeconfig_invalid",
            Self::Connection(ConnectionProblem::ContextMissing { .. }) => "context_missing",
            Self::Connection(ConnectionProblem::NoCurrentContext { .. }) => "context_missing",
            Self::Connection(ConnectionProblem::Credentials) => "credentials",
            Self::Connection(ConnectionProblem::UnknownInstance { .. }) => "unknown_instance",
            Self::Malformed { .. } => "malformed_answer",
            Self::Unexpected { .. } => "unexpected_answer",
        }
    }

    /// Whether the API server may well answer if it is asked again a little later. A watch goes on after these.
    pub fn is_interruption(&self) -> bool {
        match self {
            Self::Throttled { .. }
            | Self::Unavailable { .. }
            | Self::Unreachable { .. }
            | Self::TimedOut { .. } => true,
            Self::Unexpected { status, .. } => *status >= 500,
            _ => false,
        }
    }

    /// Whether the same activity may succeed if the engine tries it again. Expired credentials count: they are renewed
    /// from outside, and the next attempt reads them anew.
    fn is_retryable(&self) -> bool {
        self.is_interruption()
            || matches!(self, Self::Conflict | Self::GuardFailed | Self::Gone | Self::Unauthorized)
    }

    /// How long the API server asks us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after } | Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl ClusterError {
    /// The failure of an activity that came upon this, with the whole chain of reasons in its message.
    pub fn to_failure(&self) -> Failure {
        let message = self.chain();
        let failure = if self.kind.is_retryable() {
            Failure::retryable(self.kind.code(), message)
        } else {
            Failure::permanent(self.kind.code(), message)
        };
        failure.with_details(serde_json::json!({ "cluster": self.cluster }))
    }

    fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut below = std::error::Error::source(self);
        while let Some(error) = below {
            text.push_str(": ");
            text.push_str(&error.to_string());
            below = error.source();
        }
        text
    }
}
