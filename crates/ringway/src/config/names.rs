//! Checks of names and addresses as GitHub has them.
//!
//! Each says what is allowed, for the end of an error message. They end up in the paths of requests, so nothing is taken
//! that could mean another place there.

use super::{document::shorten, text};

/// The beginnings of GitHub's tokens. A text that begins so is a secret, wherever it stands.
const TOKEN_BEGINNINGS: [&str; 6] = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"];

/// Whether a text that should say where a secret is seems to be the secret.
pub(super) fn is_secret(text: &str) -> bool {
    text.contains('\n')
        || text.contains("-----BEGIN")
        || TOKEN_BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
}

fn only(text: &str, longest: usize, more: &str) -> bool {
    (1..=longest).contains(&text.len())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || more.contains(letter))
}

/// `owner/name`.
pub(super) fn repository(text: &str) -> Result<String, String> {
    let fits = |(owner, name): (&str, &str)| {
        only(owner, 39, "-") && only(name, 100, "-_.") && !matches!(name, "." | "..")
    };
    if text.split_once('/').is_some_and(fits) {
        return Ok(text.to_owned());
    }
    Err(found(
        text,
        "a repository on GitHub as owner/name, such as acme/atlas-metastore, without https:// and .git",
    ))
}

/// `organisation/team`.
pub(super) fn team(text: &str) -> Result<String, String> {
    let fits = |(organisation, team): (&str, &str)| only(organisation, 39, "-") && only(team, 100, "-_");
    if text.split_once('/').is_some_and(fits) {
        return Ok(text.to_owned());
    }
    Err(found(
        text,
        "a team as organisation/team, both as they stand in the team's address, such as acme/releasers",
    ))
}

/// The file of a workflow in `.github/workflows`.
pub(super) fn workflow(text: &str) -> Result<String, String> {
    let name = text.strip_suffix(".yml").or_else(|| text.strip_suffix(".yaml"));
    if name.is_some_and(|name| only(name, 100, "-_.")) {
        return Ok(text.to_owned());
    }
    Err(found(
        text,
        "the name of a file in .github/workflows that ends with .yml or .yaml, such as maven.yml",
    ))
}

/// A branch, a tag or a commit.
pub(super) fn reference(text: &str) -> Result<String, String> {
    if only(text, 200, "-_./+") && are_segments(text) {
        return Ok(text.to_owned());
    }
    Err(found(text, "a branch, a tag or a commit, such as main"))
}

/// A folder within a repository.
pub(super) fn folder(text: &str) -> Result<String, String> {
    if only(text, 200, "-_./") && are_segments(text) {
        return Ok(text.to_owned());
    }
    Err(found(text, "a folder of the repository, such as cohorts, without / at the ends and without .."))
}

/// Whether no part between slashes is empty or leads elsewhere.
pub(super) fn are_segments(text: &str) -> bool {
    text.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// The name of a source of cohorts: the second part of a label.
pub(super) fn source(text: &str) -> Result<(), &'static str> {
    if only(text, 30, "-_.") {
        return Ok(());
    }
    Err(
        "is not a name that can stand in a label; allowed: 1 to 30 letters, digits, -, _ and ., without : because labels \
         are divided by it",
    )
}

/// A name in which `*` stands for any characters: which branches are rings.
pub(super) fn branches(text: &str) -> Result<String, String> {
    let allowed = "the names of branches in which * stands for any characters, such as ring-*";
    if !only(text, 200, "-_./*") || !are_segments(&text.replace('*', "x")) {
        return Err(found(text, allowed));
    }
    if text.chars().all(|letter| matches!(letter, '*' | '/')) {
        return Err(format!("found {text:?}, which makes every branch a ring; allowed: {allowed}"));
    }
    Ok(text.to_owned())
}

/// `source:key:value` in which `*` stands for any characters.
pub(super) fn cohorts(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() == 3 && parts.iter().all(|part| only(part, 50, "-_./*")) {
        return Ok(text.to_owned());
    }
    Err(found(
        text,
        "the last three parts of a label, source:key:value, in which * stands for any characters, such as \
         github:path:enterprise-*",
    ))
}

/// The address of GitHub's API, without a slash at its end.
pub(super) fn api(text: &str) -> Result<String, String> {
    let allowed = "https:// and a host, such as https://api.github.com, or https://github.example.com/api/v3 of a GitHub \
                   Enterprise Server";
    let Ok(url) = reqwest::Url::parse(text) else { return Err(format!("is no address; allowed: {allowed}")) };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("has a user in it, who has no business there; allowed: {allowed}"));
    }
    let Some(host) = url.host_str() else { return Err(format!("has no host; allowed: {allowed}")) };
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("has something after a ? or #; allowed: {allowed}"));
    }
    match url.scheme() {
        "https" => {}
        "http" if text::is_loopback(host) || host == "[::1]" => {}
        "http" => {
            return Err(format!(
                "would send secrets to {host} without encryption, which is only allowed to localhost and loopback \
                 addresses; allowed: {allowed}"
            ));
        }
        _ => return Err(format!("does not begin with https://; allowed: {allowed}")),
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn found(text: &str, allowed: &str) -> String {
    if is_secret(text) {
        return format!("allowed: {allowed}");
    }
    format!("found {:?}; allowed: {allowed}", shorten(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_github_are_taken() {
        assert!(repository("acme/atlas-metastore").is_ok() && repository("a/.github").is_ok());
        assert!(team("acme/release-managers").is_ok());
        assert!(workflow("maven.yml").is_ok() && workflow("build-1.2.yaml").is_ok());
        assert!(reference("main").is_ok() && reference("release/1.x").is_ok());
        assert!(folder("cohorts").is_ok() && folder("teams/cohorts").is_ok());
        assert!(source("github").is_ok() && source("custom_2").is_ok());
        assert!(branches("ring-*").is_ok() && branches("rings/*").is_ok() && branches("ring-1").is_ok());
        assert!(cohorts("github:path:internal-*").is_ok() && cohorts("*:*:*").is_ok());
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for bad in
            ["atlas", "a/b/c", "acme/..", "../x", "https://github.com/a/b", "a/b?x", "a b/c", "acme/", "-/ä"]
        {
            assert!(repository(bad).is_err(), "{bad}");
        }
        for bad in ["releasers", "acme/re leasers", "a/b/c", "@acme/x"] {
            assert!(team(bad).is_err(), "{bad}");
        }
        for bad in ["maven", ".yml", "../x.yml", "a/b.yml", ".github/workflows/x.yml", "x.yml\n"] {
            assert!(workflow(bad).is_err(), "{bad}");
        }
        for bad in ["..", "a//b", "/a", "a/", "a/../b", "a?b", "a#b", "a%2fb"] {
            assert!(folder(bad).is_err() && reference(bad).is_err(), "{bad}");
        }
        for bad in ["", "a:b", "a b", "a/b", &"x".repeat(31)] {
            assert!(source(bad).is_err(), "{bad}");
        }
        for bad in ["*", "**", "*/*", "ring *", "ring-~", "a//b", "../*"] {
            assert!(branches(bad).is_err(), "{bad}");
        }
        for bad in ["github", "cohort:github:path:x", "github:path", "github::x", "github:path:x y"] {
            assert!(cohorts(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn secrets_go_to_nobody_without_encryption() {
        for (text, kept) in [
            ("https://api.github.com", "https://api.github.com"),
            ("https://github.example.com/api/v3/", "https://github.example.com/api/v3"),
            ("http://127.0.0.1:8081", "http://127.0.0.1:8081"),
            ("http://localhost:1/", "http://localhost:1"),
            ("http://[::1]:1", "http://[::1]:1"),
        ] {
            assert_eq!(api(text).as_deref(), Ok(kept));
        }
        for bad in [
            "api.github.com",
            "http://api.github.com",
            "http://127.0.0.1.example.com",
            "ftp://api.github.com",
            "https://bot:hunter2@api.github.com",
            "https://api.github.com?token=hunter2",
            "https://",
            "hunter2",
        ] {
            let error = api(bad).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
