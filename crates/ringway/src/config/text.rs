//! Checks of single texts: names that become part of Kubernetes objects, templates, selectors, hosts.
//!
//! Each says what is allowed, for the end of an error message.

use super::document::shorten;
use release::image::{ImageReference, RepositoryPattern};
use std::net::{Ipv4Addr, SocketAddr};

/// The placeholder for a tenant's name.
pub(super) const TENANT: &str = "{tenant}";

/// A name that Kubernetes takes as a label of a DNS name (RFC 1123).
pub(super) fn dns_label(text: &str) -> Result<String, String> {
    if is_dns_label(text) {
        return Ok(text.to_owned());
    }
    Err(format!("found {:?}; allowed: 1 to 63 of a-z, 0-9 and -, not - at the ends", shorten(text)))
}

pub(super) fn is_dns_label(text: &str) -> bool {
    is_name(text, 63, |character| character == '-')
}

/// Names with dots in them, such as most objects have.
fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_dns_label)
}

/// A name that can be the last part of an annotation's key.
pub(super) fn annotation_name(text: &str) -> Result<(), String> {
    if is_name(text, 63, |character| matches!(character, '-' | '.')) {
        return Ok(());
    }
    Err("is not a name that can be used here; allowed: 1 to 63 of a-z, 0-9, - and ., not - or . at the ends"
        .into())
}

fn is_name(text: &str, longest: usize, inner: impl Fn(char) -> bool) -> bool {
    let edge = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    (1..=longest).contains(&text.len())
        && text.starts_with(edge)
        && text.ends_with(edge)
        && text.chars().all(|character| edge(character) || inner(character))
}

/// A text whose only placeholder is `{tenant}`.
pub(super) fn template(text: &str) -> Result<String, String> {
    let rest = text.replace(TENANT, "");
    if rest.contains(['{', '}']) {
        return Err(format!("found {:?}; the only placeholder is {TENANT}", shorten(text)));
    }
    Ok(text.to_owned())
}

/// A template that differs from tenant to tenant.
pub(super) fn tenant_template(text: &str) -> Result<String, String> {
    if !text.contains(TENANT) {
        return Err(format!(
            "found {:?}; it must contain {TENANT}, or all tenants would have the same",
            shorten(text)
        ));
    }
    template(text)
}

/// A template for the name of an object.
pub(super) fn name_template(text: &str) -> Result<String, String> {
    let template = template(text)?;
    if is_dns_subdomain(&template.replace(TENANT, "x")) {
        return Ok(template);
    }
    Err(format!(
        "found {:?}; allowed: the name of an object, of a-z, 0-9, - and ., and {TENANT}",
        shorten(text)
    ))
}

/// A registry and path, with `*` for any characters but a slash.
pub(super) fn repository(text: &str) -> Result<RepositoryPattern, String> {
    let allowed = "allowed: a repository with its registry's host and without a tag, such as ghcr.io/acme/atlas or \
                   ghcr.io/acme/atlas-ring-*";
    let fits = || {
        let (host, path) = text.split_once('/')?;
        let example = format!("{host}/{}:tag", path.replace('*', "x")).parse::<ImageReference>().ok()?;
        (example.tag() == "tag").then_some(())
    };
    fits().map(|()| RepositoryPattern(text.to_owned())).ok_or_else(|| {
        // A registry's address with a password in it must not be shown.
        if text.contains('@') { allowed.to_owned() } else { format!("found {:?}; {allowed}", shorten(text)) }
    })
}

/// The URL of a repository, without a password in it.
pub(super) fn repository_url(text: &str) -> Result<String, String> {
    let user = text.split_once("://").and_then(|(_, rest)| rest.split('/').next()?.rsplit_once('@'));
    if user.is_some_and(|(user, _)| user.contains(':')) {
        return Err("has a password in it; write the repoURL without it, as the Application has it".into());
    }
    Ok(text.to_owned())
}

/// The host of a registry, as image references begin with it.
pub(super) fn registry_host(text: &str) -> Result<String, String> {
    match format!("{text}/x:x").parse::<ImageReference>() {
        Ok(reference) if reference.registry() == text => Ok(text.to_owned()),
        // What is in front of an @ may be a password.
        _ if text.contains('@') => {
            Err("allowed: a host such as ghcr.io; users and passwords go below credentials".into())
        }
        _ => Err(format!(
            "found {:?}; allowed: a host such as ghcr.io or registry.example.com:5000, without https:// and path",
            shorten(text)
        )),
    }
}

/// Whether a registry is on this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    name == "localhost" || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

/// Where something on this machine listens.
pub(super) fn loopback_address(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse::<SocketAddr>().ok().filter(|address| address.ip().is_loopback());
    address.ok_or_else(|| {
        format!("found {:?}; allowed: a loopback address with a port, such as 127.0.0.1:5000", shorten(text))
    })
}

/// An address of this machine with a port.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "found {:?}; allowed: an IP address with a port, such as 127.0.0.1:8080 or [::]:8080",
            shorten(text)
        )
    })
}

/// The name of an environment variable. What was found is not shown: it may be the password itself.
pub(super) fn variable(text: &str) -> Result<String, String> {
    let inner = |character: char| character.is_ascii_alphanumeric() || character == '_';
    if text.chars().all(inner) && !text.starts_with(|character: char| character.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err("allowed: the name of an environment variable, of A-Z, a-z, 0-9 and _; not the password itself"
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_whole_and_without_a_tag() {
        for good in
            ["ghcr.io/acme/atlas", "ghcr.io/acme/atlas-ring-*", "ghcr.io/acme/*", "127.0.0.1:5000/a/b"]
        {
            assert!(repository(good).is_ok(), "{good}");
        }
        for bad in [
            "atlas",
            "acme/atlas",
            "ghcr.io/acme/atlas:1",
            "*.io/acme/atlas",
            "ghcr.io/",
            "ghcr.io/a@sha256:0",
        ] {
            assert!(repository(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for good in ["localhost", "localhost:5000", "127.0.0.1", "127.8.8.8:5000"] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in ["localhost.example.com", "128.0.0.1", "127.0.0.1.example.com:80", ""] {
            assert!(!is_loopback(bad), "{bad}");
        }
    }

    #[test]
    fn texts_that_may_hold_a_password_are_not_shown() {
        for error in [
            registry_host("bot:hunter2@ghcr.io").unwrap_err(),
            repository("bot:hunter2@ghcr.io/a/b").unwrap_err(),
            repository_url("https://bot:hunter2@git.example.com/charts").unwrap_err(),
            variable("hunter2!").unwrap_err(),
        ] {
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(repository_url("https://acme@dev.azure.com/acme/charts").is_ok());
        assert!(repository_url("oci://ghcr.io/acme/charts").is_ok());
    }

    #[test]
    fn templates_know_one_placeholder() {
        assert!(tenant_template("tenant-{tenant}").is_ok());
        assert!(tenant_template("tenant").unwrap_err().contains("must contain"));
        for bad in ["{tenants}", "{tenant}}", "a{", "{{tenant}}"] {
            assert!(template(bad).is_err(), "{bad}");
        }
        assert!(name_template("atlas-{tenant}.eu").is_ok());
        assert!(name_template("Atlas/{tenant}").is_err());
    }
}
