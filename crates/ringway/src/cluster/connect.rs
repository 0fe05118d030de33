//! Makes a client from a kubeconfig, or from the account of the pod that we run in.

use super::error::{ClusterError, ClusterErrorKind, ConnectionProblem, Source};
use crate::config::ClusterAddress;
use hyper_util::client::proxy::matcher::Matcher;
use kube::{
    Client, Config,
    client::ClientBuilder,
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
};
use std::path::{Path, PathBuf};

/// Makes a client for `address`, without a request. `name` stands for the cluster in texts.
///
/// # Errors
///
/// [`ClusterErrorKind::Connection`] when the kubeconfig, its context or its credentials are not there;
/// [`ClusterErrorKind::Certificate`] when its certificates cannot be read.
pub async fn connect(address: &ClusterAddress, name: &str) -> Result<Client, ClusterError> {
    let failed =
        |kind, source| ClusterError { doing: "connect".to_owned(), cluster: name.to_owned(), kind, source };
    let mut config = configuration(address).await.map_err(|(problem, source)| {
        let kind = match &source {
            Some(source) if is_certificate(source.as_ref()) => ClusterErrorKind::Certificate {
                reason: "a certificate or key of the context cannot be read".to_owned(),
            },
            _ => ClusterErrorKind::Connection(problem),
        };
        failed(kind, source)
    })?;
    config.default_retry = false;
    // An exec plugin is a process that is waited for, so this needs a thread of its own.
    let built =
        tokio::task::spawn_blocking(move || ClientBuilder::try_from(config).map(|builder| builder.build()));
    match built.await {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(kube::Error::Auth(source))) => {
            Err(failed(ClusterErrorKind::Connection(ConnectionProblem::Credentials), Some(Box::new(source))))
        }
        Ok(Err(error)) => {
            let reason = "the TLS settings of the context cannot be used".to_owned();
            Err(failed(ClusterErrorKind::Certificate { reason }, Some(Box::new(error))))
        }
        Err(error) => {
            Err(failed(ClusterErrorKind::Connection(ConnectionProblem::Credentials), Some(Box::new(error))))
        }
    }
}

/// The names of the contexts in the kubeconfig of `address`. `name` stands for their clusters in texts.
///
/// # Errors
///
/// [`ClusterErrorKind::Connection`] when the kubeconfig is not there or cannot be read.
pub(super) fn contexts(address: &ClusterAddress, name: &str) -> Result<Vec<String>, ClusterError> {
    match read(address) {
        Ok((_, kubeconfig)) => Ok(kubeconfig.contexts.into_iter().map(|context| context.name).collect()),
        Err((problem, source)) => Err(ClusterError {
            doing: "list the contexts of tenants".to_owned(),
            cluster: name.to_owned(),
            kind: ClusterErrorKind::Connection(problem),
            source,
        }),
    }
}

type Problem = (ConnectionProblem, Option<Source>);

async fn configuration(address: &ClusterAddress) -> Result<Config, Problem> {
    let (path, kubeconfig) = match read(address) {
        Ok(read) => read,
        Err((problem @ ConnectionProblem::KubeconfigMissing { .. }, source)) => {
            let outside = address.kubeconfig.is_some() || address.context.is_some();
            return match Config::incluster() {
                Ok(config) if !outside => Ok(config),
                _ => Err((problem, source)),
            };
        }
        Err(problem) => return Err(problem),
    };
    let contexts: Vec<String> = kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
    let proxies =
        kubeconfig.clusters.iter().filter_map(|cluster| cluster.cluster.as_ref()?.proxy_url.clone());
    let proxies: Vec<String> = proxies.collect();
    let options = KubeConfigOptions { context: address.context.clone(), cluster: None, user: None };
    match Config::from_custom_kubeconfig(kubeconfig, &options).await {
        Ok(mut config) => {
            bypass(&mut config, &proxies);
            Ok(config)
        }
        Err(KubeconfigError::CurrentContextNotSet) => {
            Err((ConnectionProblem::NoCurrentContext { path, available: contexts }, None))
        }
        Err(KubeconfigError::LoadContext(context)) => {
            Err((ConnectionProblem::ContextMissing { path, context, available: contexts }, None))
        }
        Err(error) => Err((ConnectionProblem::KubeconfigInvalid { path }, Some(Box::new(error)))),
    }
}

/// Leaves out a proxy of the environment for the hosts of `NO_PROXY`: kube compares those with the proxy's own host.
fn bypass(config: &mut Config, from_kubeconfig: &[String]) {
    let Some(proxy) = &config.proxy_url else { return };
    let is_from_kubeconfig =
        from_kubeconfig.iter().any(|url| url.parse().is_ok_and(|url: http::Uri| url == *proxy));
    if !is_from_kubeconfig && Matcher::from_env().intercept(&config.cluster_url).is_none() {
        config.proxy_url = None;
    }
}

fn read(address: &ClusterAddress) -> Result<(PathBuf, Kubeconfig), Problem> {
    let path = address.kubeconfig.clone().unwrap_or_else(usual_path);
    let kubeconfig = match &address.kubeconfig {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    match kubeconfig {
        Ok(kubeconfig) => Ok((path, kubeconfig)),
        Err(KubeconfigError::FindPath) => Err((ConnectionProblem::KubeconfigMissing { path }, None)),
        Err(KubeconfigError::ReadConfig(error, path)) if error.kind() == std::io::ErrorKind::NotFound => {
            Err((ConnectionProblem::KubeconfigMissing { path }, None))
        }
        Err(KubeconfigError::ReadConfig(error, path)) => {
            Err((ConnectionProblem::KubeconfigInvalid { path }, Some(Box::new(error))))
        }
        Err(error) => Err((ConnectionProblem::KubeconfigInvalid { path }, Some(Box::new(error)))),
    }
}

/// Where `kubectl` looks, for texts.
fn usual_path() -> PathBuf {
    match std::env::var_os("KUBECONFIG").filter(|value| !value.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => Path::new("~").join(".kube").join("config"),
    }
}

fn is_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    matches!(
        error.downcast_ref::<KubeconfigError>(),
        Some(
            KubeconfigError::LoadCertificateAuthority(_)
                | KubeconfigError::LoadClientCertificate(_)
                | KubeconfigError::LoadClientKey(_)
                | KubeconfigError::ParseCertificates(_)
        )
    )
}
