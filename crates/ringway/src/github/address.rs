//! Addresses of the API: how they are made, and which ones we go on to. What comes from people is percent-encoded, and
//! nothing that carries our credentials is ever sent anywhere but to the configured host.

use super::error::{GithubError, GithubSetupError};
use http::{HeaderMap, HeaderValue, Uri, header::LINK};
use std::{fmt::Write as _, net::IpAddr};

/// Where the API is.
#[derive(Debug, Clone)]
pub(super) struct Api {
    /// Scheme and host.
    origin: String,
    /// What stands before every path, without a slash at the end.
    prefix: String,
}

impl Api {
    /// Reads the setting.
    pub(super) fn read(api: &str) -> Result<Self, GithubSetupError> {
        let wrong = || GithubSetupError::Address { api: api.to_owned() };
        let uri: Uri = api.parse().map_err(|_| wrong())?;
        let (scheme, authority) = uri.scheme_str().zip(uri.authority()).ok_or_else(wrong)?;
        match scheme {
            "https" => {}
            "http" if is_loopback(authority.host()) => {}
            _ => return Err(wrong()),
        }
        if uri.query().is_some() || authority.as_str().contains('@') {
            return Err(wrong());
        }
        let prefix = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { origin: format!("{scheme}://{}", authority.as_str().to_ascii_lowercase()), prefix })
    }

    /// Whether it is reached without encryption.
    pub(super) fn is_plain(&self) -> bool {
        self.origin.starts_with("http:")
    }

    /// The address of a path that begins with a slash.
    pub(super) fn address(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin, self.prefix)
    }

    /// The address that an answer names, if it is one of this API; otherwise what is wrong with it.
    pub(super) fn onward(&self, named: &str) -> Result<String, String> {
        let elsewhere = || format!("it leads to another host than {}, where nothing is sent", self.origin);
        let uri: Uri = named.parse().map_err(|_| "it leads to an address that cannot be read".to_owned())?;
        let Some((scheme, authority)) = uri.scheme_str().zip(uri.authority()) else {
            // Without a host it is a path on this one; `//host/path` is read as a path too, and must not be.
            return match named.starts_with('/') && !named.starts_with("//") {
                true => Ok(format!("{}{named}", self.origin)),
                false => Err(elsewhere()),
            };
        };
        match format!("{scheme}://{}", authority.as_str().to_ascii_lowercase()) == self.origin {
            true => Ok(named.to_owned()),
            false => Err(elsewhere()),
        }
    }
}

/// A repository's name in two parts, as paths need it.
#[derive(Debug, Clone, Copy)]
pub(super) struct RepositoryName<'a> {
    pub(super) owner: &'a str,
    name: &'a str,
}

impl<'a> RepositoryName<'a> {
    /// Reads `owner/name`.
    pub(super) fn read(text: &'a str) -> Result<Self, GithubError> {
        match text.split_once('/') {
            Some((owner, name)) if is_segment(owner) && is_segment(name) => Ok(Self { owner, name }),
            _ => Err(GithubError::invalid(
                "asking GitHub about a repository",
                format!("{text:?} is no name of one; write it as owner/name"),
            )),
        }
    }

    /// The path of something in it.
    pub(super) fn path(self, rest: &str) -> String {
        format!("/repos/{}/{}{rest}", encode(self.owner), encode(self.name))
    }
}

/// Whether a text can stand between two slashes: not empty, and no name that means another folder.
fn is_segment(text: &str) -> bool {
    !text.is_empty() && !text.contains('/') && !is_dots(text)
}

/// Whether a part of a path means this folder or the one above.
pub(super) fn is_dots(text: &str) -> bool {
    text == "." || text == ".."
}

/// Percent-encodes all that has a meaning in an address, so that a text is one part of a path or one value of a query.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            // Writing into a string cannot fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

/// The address of the next page, from the header `Link`.
pub(super) fn next_page(headers: &HeaderMap) -> Option<String> {
    headers.get_all(LINK).iter().filter_map(|value| HeaderValue::to_str(value).ok()).find_map(next_in)
}

fn next_in(mut text: &str) -> Option<String> {
    // `<address>; rel="next", <address>; rel="last"`: addresses may have commas in them, so they are cut out first.
    while let Some((_, rest)) = text.split_once('<') {
        let (address, rest) = rest.split_once('>')?;
        let parameters = rest.split('<').next().unwrap_or_default();
        let is_next = parameters.split([';', ',']).any(|parameter| {
            parameter.trim().strip_prefix("rel=").is_some_and(|relation| relation.trim_matches('"') == "next")
        });
        if is_next {
            return Some(address.to_owned());
        }
        text = rest;
    }
    None
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_encryption_is_for_this_machine_only() {
        for good in [
            "https://api.github.com",
            "https://ghe.example.com/api/v3/",
            "http://127.0.0.1:8080",
            "http://[::1]:1",
        ] {
            assert!(Api::read(good).is_ok(), "{good}");
        }
        for bad in [
            "http://api.github.com",
            "api.github.com",
            "",
            "ftp://x",
            "https://u:p@x",
            "https://x/?a=b",
            "/x",
        ] {
            let error = Api::read(bad).unwrap_err().to_string();
            assert!(error.contains("github.api") && error.contains("https://api.github.com"), "{error}");
        }
        let api = Api::read("https://GHE.example.com/api/v3/").unwrap();
        assert_eq!(api.address("/app"), "https://ghe.example.com/api/v3/app");
    }

    #[test]
    fn what_an_answer_names_is_followed_on_the_same_host_only() {
        let api = Api::read("https://api.github.com").unwrap();
        for good in
            ["https://api.github.com/repositories/1", "https://API.github.com/x", "/repositories/1?page=2"]
        {
            assert!(api.onward(good).is_ok(), "{good}");
        }
        for bad in [
            "https://evil.example.com/x",
            "http://api.github.com/x",
            "https://api.github.com@evil.example.com/x",
            "https://api.github.com:444/x",
            "https://api.github.com.evil.example.com/x",
            "//evil.example.com/x",
            "x",
            "",
        ] {
            assert!(api.onward(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn hostile_names_stay_one_part_of_a_path() {
        assert_eq!(encode("a/../b?c#d é%\n"), "a%2F..%2Fb%3Fc%23d%20%C3%A9%25%0A");
        for bad in ["", "a", "a/", "/b", "a/b/c", "../b", "a/..", "./b"] {
            assert!(RepositoryName::read(bad).is_err(), "{bad}");
        }
        assert_eq!(RepositoryName::read("acme/my app").unwrap().path("/pulls"), "/repos/acme/my%20app/pulls");
    }

    #[test]
    fn the_next_page_is_found_among_all_links() {
        let link = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(LINK, HeaderValue::from_static(text));
            next_page(&headers)
        };
        assert_eq!(
            link(
                r#"<https://a/?p=1>; rel="prev", <https://a/?q=x,y&p=3>; rel="next", <https://a/?p=9>; rel="last""#
            ),
            Some("https://a/?q=x,y&p=3".into())
        );
        assert_eq!(link(r#"<https://a/?p=1>; rel="last""#), None);
        assert_eq!(link("<https://a"), None);
        assert_eq!(link(r#"<https://a/?p=2>; title="x"; rel=next"#), Some("https://a/?p=2".into()));
    }
}
