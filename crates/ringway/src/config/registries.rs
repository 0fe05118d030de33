//! Reads how registries are reached, and where their credentials are.

use super::{
    CredentialSource, Registry,
    load::Paths,
    reader::{Map, Value},
    text,
    unique::Unique,
};

/// Reads the section `registries`.
pub(super) fn read(root: &Map<'_>, paths: &Paths<'_>) -> Vec<Registry> {
    let mut hosts = Unique::default();
    let mut read = |value: Value<'_>| {
        let map = value.map()?;
        let host = map.required("host");
        let host = host.and_then(|value| hosts.check(&value, value.parsed(text::registry_host)?));
        let address = map.optional("address");
        let insecure = map.optional("insecure");
        let is_insecure = insecure.as_ref().and_then(Value::flag).unwrap_or(false);
        if let (Some(value), false) = (&address, is_insecure) {
            value.error("is only used with insecure: true, because what is there speaks HTTP; set that, or leave this out");
        }
        if let (Some(value), Some(host), true) = (&insecure, &host, is_insecure)
            && address.is_none()
            && !text::is_loopback(host)
        {
            value.error(format!(
                "is only allowed for localhost and loopback addresses: images from {host} could be replaced on the way; \
                 leave it out and give the registry a certificate"
            ));
        }
        let credentials = map.optional("credentials").and_then(|value| credentials(&value, paths));
        let address = address.and_then(|value| value.parsed(text::loopback_address));
        Some(Registry { host: host?, address, insecure: is_insecure, credentials })
    };
    let list = root.optional("registries").map_or_else(Vec::new, |value| value.list_or_empty());
    list.into_iter().filter_map(&mut read).collect()
}

fn credentials(value: &Value<'_>, paths: &Paths<'_>) -> Option<CredentialSource> {
    let map = value.map()?;
    let username = map.optional("username");
    let file = map.optional("passwordFile").is_some();
    let environment = map.optional("passwordEnvironment");
    let docker = map.optional("dockerConfigFile").is_some();
    if [file, environment.is_some(), docker].iter().filter(|given| **given).count() != 1 {
        value.error("must have exactly one of passwordFile, passwordEnvironment and dockerConfigFile");
        return None;
    }
    if docker {
        if let Some(username) = username {
            username.error("is not used with dockerConfigFile, which has the user in it; leave it out");
        }
        return paths.read(&map, "dockerConfigFile").map(CredentialSource::DockerConfigFile);
    }
    let username = map.required("username").and_then(|value| value.text().map(str::to_owned));
    match environment {
        Some(value) => {
            let variable = value.parsed(text::variable)?;
            Some(CredentialSource::PasswordEnvironment { username: username?, variable })
        }
        None => {
            let file = paths.read(&map, "passwordFile")?;
            Some(CredentialSource::PasswordFile { username: username?, file })
        }
    }
}
