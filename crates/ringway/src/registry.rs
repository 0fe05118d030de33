//! What a container registry says about an image: whether it is there, on which platforms, under which digests.
//!
//! Reads only, and only manifests and image configurations, never layers. What a registry sends is not trusted: sizes are
//! limited, digests are computed from what was received, and its texts are shortened before they are shown.
//!
//! There is no general client library underneath on purpose: the usual ones read a manifest or a token of any size into
//! memory and report a token service that is down as "not authorized", while the difference decides here whether to try
//! again or to tell a person.

mod answer;
mod authentication;
mod docker_config;
mod exchange;
mod failure;
mod lookup;
mod settings;

pub use crate::transport::{AnswerBody, Transport, TransportError};
pub use docker_config::DockerConfigError;
pub use settings::{Credentials, Limits, RegistrySettings, Secret};

use crate::transport::Network;
use answer::Sender;
use exchange::{Exchange, Repository};
use failure::Failure;
pub(crate) use failure::quote;
use futures_util::future::BoxFuture;
use release::image::{Availability, ImageReference, Platform};
use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

/// Answers whether an image can be pulled.
pub trait Registry: Send + Sync {
    /// Asks what `reference` stands for now, and whether each of `platforms` can be pulled. Never fails: what could not
    /// be found out is [`Availability::Unknown`].
    fn resolve<'a>(
        &'a self,
        reference: &'a ImageReference,
        platforms: &'a [Platform],
    ) -> BoxFuture<'a, Availability>;
}

/// Registries reached with the OCI distribution protocol
/// (<https://github.com/opencontainers/distribution-spec/blob/main/spec.md>).
#[derive(Debug)]
pub struct OciRegistry {
    settings: BTreeMap<String, RegistrySettings>,
    limits: Limits,
    encrypted: Arc<dyn Transport>,
    plain: Arc<dyn Transport>,
}

/// Why registry access could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum RegistrySetupError {
    /// Without encryption, anyone on the way could say which digests are right.
    #[error(
        "registry {host:?}: plain HTTP (`insecure`) is for loopback addresses only; use HTTPS for this registry"
    )]
    InsecureHost {
        /// The registry's host as configured.
        host: String,
    },
    /// Two settings for one host.
    #[error("registry {host:?} is configured twice; keep one of the two entries")]
    Duplicate {
        /// The registry's host as configured.
        host: String,
    },
    /// The system's certificates or its resolver cannot be used.
    #[error("cannot set up HTTPS for registries; check that the system's CA certificates are installed")]
    Client(#[source] reqwest::Error),
}

impl OciRegistry {
    /// Prepares access over the network; a registry that is not among `settings` is asked anonymously over HTTPS.
    ///
    /// # Errors
    ///
    /// When settings contradict each other or allow plain HTTP to another machine, and when no TLS client can be made.
    pub fn new(settings: Vec<RegistrySettings>, limits: Limits) -> Result<Self, RegistrySetupError> {
        install_crypto_provider();
        let settings = by_host(settings)?;
        let encrypted =
            Arc::new(Network::encrypted(limits.connect_timeout).map_err(RegistrySetupError::Client)?);
        let plain = Arc::new(Network::plain(limits.connect_timeout).map_err(RegistrySetupError::Client)?);
        Ok(Self { settings, limits, encrypted, plain })
    }

    /// The same over another transport, which gets the encrypted and the plain requests.
    ///
    /// # Errors
    ///
    /// When settings contradict each other or allow plain HTTP to another machine.
    pub fn over(
        settings: Vec<RegistrySettings>,
        limits: Limits,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, RegistrySetupError> {
        let settings = by_host(settings)?;
        Ok(Self { settings, limits, encrypted: transport.clone(), plain: transport })
    }

    async fn lookup(
        &self,
        reference: &ImageReference,
        platforms: &[Platform],
    ) -> Result<Availability, Failure> {
        let settings = self.settings.get(reference.registry());
        let insecure = settings.is_some_and(|settings| settings.insecure_http);
        let transport = if insecure { &self.plain } else { &self.encrypted };
        let sender = Sender { transport: transport.as_ref(), patience: self.limits.request_timeout };
        let credentials = settings.and_then(|settings| settings.credentials.as_ref());
        let address = settings.and_then(|settings| settings.address);
        let repository = Repository::of(reference, address, insecure);
        lookup::lookup(&mut Exchange::new(sender, repository, credentials), reference.tag(), platforms).await
    }
}

impl Registry for OciRegistry {
    fn resolve<'a>(
        &'a self,
        reference: &'a ImageReference,
        platforms: &'a [Platform],
    ) -> BoxFuture<'a, Availability> {
        Box::pin(async move {
            match retry(&self.limits, || self.lookup(reference, platforms)).await {
                Ok(availability) => availability,
                Err(failure) => failure.into_availability(),
            }
        })
    }
}

fn by_host(
    settings: Vec<RegistrySettings>,
) -> Result<BTreeMap<String, RegistrySettings>, RegistrySetupError> {
    let mut by_host = BTreeMap::new();
    for entry in settings {
        let host = entry.host.clone();
        let local = entry.address.map_or_else(|| is_loopback(&host), |address| address.ip().is_loopback());
        if entry.insecure_http && !local {
            return Err(RegistrySetupError::InsecureHost { host });
        }
        if by_host.insert(host.clone(), entry).is_some() {
            return Err(RegistrySetupError::Duplicate { host });
        }
    }
    Ok(by_host)
}

/// Repeats `ask` while the registry is unavailable, with pauses that double.
async fn retry<F>(limits: &Limits, mut ask: impl FnMut() -> F) -> Result<Availability, Failure>
where
    F: Future<Output = Result<Availability, Failure>>,
{
    let mut pause = limits.first_pause;
    for _ in 1..limits.attempts {
        match ask().await {
            Err(Failure::Unavailable(reason)) => {
                tracing::debug!(reason, ?pause, "the registry is asked again")
            }
            outcome => return outcome,
        }
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(2);
    }
    ask().await
}

/// Makes `ring` the process's cryptography for TLS, once; whoever installed another one before keeps it.
pub fn install_crypto_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none()
        && rustls::crypto::ring::default_provider().install_default().is_err()
    {
        tracing::debug!("another thread installed the cryptography provider at the same time");
    }
}

fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::Cell, time::Duration};
    use tokio::time::Instant;

    fn limits() -> Limits {
        Limits { attempts: 3, first_pause: Duration::from_secs(1), ..Limits::default() }
    }

    fn settings(host: &str, insecure_http: bool) -> RegistrySettings {
        RegistrySettings { host: host.into(), address: None, insecure_http, credentials: None }
    }

    async fn attempts_until(
        outcome: impl Fn(u32) -> Result<Availability, Failure>,
    ) -> (u32, Duration, Availability) {
        let (count, outcome, begun) = (Cell::new(0), &outcome, Instant::now());
        let ask = || {
            count.set(count.get() + 1);
            let answer = outcome(count.get());
            async move { answer }
        };
        let result = retry(&limits(), ask).await.unwrap_or_else(Failure::into_availability);
        (count.get(), begun.elapsed(), result)
    }

    #[tokio::test(start_paused = true)]
    async fn an_unavailable_registry_is_asked_again_with_doubling_pauses() {
        let (attempts, took, _) = attempts_until(|_| Err(Failure::Unavailable("503".into()))).await;
        assert_eq!((attempts, took.as_secs()), (3, 3));
        let (attempts, took, result) = attempts_until(|attempt| match attempt {
            1 => Err(Failure::Unavailable("503".into())),
            _ => Ok(Availability::Absent),
        })
        .await;
        assert_eq!((attempts, took.as_secs(), result), (2, 1, Availability::Absent));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_or_a_wrong_answer_is_not_repeated() {
        for failure in [|| Failure::Denied("401".into()), || Failure::Invalid("garbage".into())] {
            let (attempts, took, _) = attempts_until(|_| Err(failure())).await;
            assert_eq!((attempts, took), (1, Duration::ZERO));
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for host in ["127.0.0.1:5000", "localhost:5000", "localhost", "127.8.0.1"] {
            assert!(OciRegistry::new(vec![settings(host, true)], limits()).is_ok(), "{host}");
        }
        let at = |address: &str| RegistrySettings {
            address: Some(address.parse().unwrap()),
            ..settings("registry.example.com", true)
        };
        assert!(OciRegistry::new(vec![at("127.0.0.1:5000")], limits()).is_ok());
        assert!(OciRegistry::new(vec![at("10.0.0.1:5000")], limits()).is_err());
        for host in ["registry.example.com", "10.0.0.1:5000", "localhost.example.com:80"] {
            let error = OciRegistry::new(vec![settings(host, true)], limits()).unwrap_err().to_string();
            assert!(error.contains(host) && error.contains("HTTPS"), "{error}");
        }
    }

    #[test]
    fn a_host_configured_twice_is_refused() {
        let twice = vec![settings("ghcr.io", false), settings("ghcr.io", false)];
        assert!(matches!(OciRegistry::new(twice, limits()), Err(RegistrySetupError::Duplicate { .. })));
    }
}
