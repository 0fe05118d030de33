//! GitHub: what its pull requests say, and what we write into them.
//!
//! Our own client over its REST API, because the usual one repeats writes whose answer was lost, cannot tell whose a check
//! run is, and drops a whole page for one word that it does not know. Here a limit is an answer with an end, a write is
//! recognised before it is repeated, and words of GitHub stay words.
//!
//! It decides nothing, keeps nothing over a restart, and starts no tasks: it lives in whoever calls it. Nothing that
//! carries our credentials goes to another host than the configured one.

mod access;
mod address;
mod answer;
mod asking;
mod budget;
mod cache;
mod counts;
mod edits;
mod error;
mod key;
mod model;
mod pace;
mod queue;
mod reads;
mod sender;
mod session;
mod settings;
#[cfg(test)]
pub(crate) mod tests;
mod wire;
mod writes;

pub use counts::{Answered, Figures};
pub use error::{GithubError, GithubSetupError};
pub use key::AppKey;
pub use model::{
    Actor, Calls, CheckRun, CheckStatus, Comment, Conclusion, Edited, Identity, IdentityKind, Installation,
    Job, LabelEvent, LabelHistory, PullRequest, Repository, StatusState, WorkflowRun,
};
pub use settings::{Credentials, Limits, Settings};

use crate::{
    clock::Clock,
    registry::install_crypto_provider,
    transport::{Network, Transport},
};
use address::Api;
use cache::Cache;
use edits::Edits;
use queue::Queue;
use sender::Sender;
use session::Session;
use std::{
    fmt,
    sync::{Arc, Mutex},
};
use tokio::sync::OnceCell;

/// GitHub, as one of its Apps or users. Clones are the same client: one queue of writes, one set of limits.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    sender: Sender,
    session: Session,
    cache: Mutex<Cache>,
    queue: Queue,
    edits: Edits,
    identity: OnceCell<Identity>,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("api", &self.0.sender.api).finish_non_exhaustive()
    }
}

impl Client {
    /// A client over a transport, which must not follow redirects. Asks nothing yet.
    ///
    /// # Errors
    /// If the address or the token in the settings cannot be used.
    pub fn new(
        settings: Settings,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, GithubSetupError> {
        let Settings { api, credentials, limits } = settings;
        Ok(Self(Arc::new(Inner {
            sender: Sender::new(Api::read(&api)?, limits, transport, clock),
            session: Session::new(credentials)?,
            cache: Mutex::new(Cache::new(limits.cached_answers, limits.cached_bytes)),
            queue: Queue::new(&limits),
            edits: Edits::default(),
            identity: OnceCell::new(),
        })))
    }

    /// The same over the network.
    ///
    /// # Errors
    /// If the address or the token in the settings cannot be used, and when no TLS client can be made.
    pub fn over_network(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, GithubSetupError> {
        install_crypto_provider();
        let is_plain = Api::read(&settings.api)?.is_plain();
        let network = Network::without_redirects(settings.limits.connect_timeout, is_plain);
        let network = network.map_err(GithubSetupError::Network)?;
        Self::new(settings, Arc::new(network), clock)
    }

    /// What our clock showed at a moment that GitHub names, as far as its last answer tells. Compare only such a time with
    /// one that we wrote down.
    pub fn in_our_time(&self, at: jiff::Timestamp) -> jiff::Timestamp {
        self.0.sender.in_our_time(at)
    }

    /// How many requests were sent since the start.
    pub fn calls(&self) -> Calls {
        self.0.sender.counts.calls()
    }

    /// What can be watched of it.
    pub fn figures(&self) -> Figures {
        let sender = &self.0.sender;
        sender.counts.figures(sender.budget.remaining(), sender.budget.until(sender.clock.now()))
    }
}
