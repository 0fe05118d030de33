//! How a registry asks who we are, and what we answer: HTTP Basic, or a token from the service that it names
//! (<https://distribution.github.io/distribution/spec/auth/token/>).

use super::{
    Credentials,
    answer::Sender,
    exchange::SMALL_BODY,
    failure::{Failure, quote},
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{AUTHORIZATION, WWW_AUTHENTICATE},
};
use http_auth::{ChallengeRef, parse_challenges};
use reqwest::Url;
use serde::Deserialize;

/// What a registry wants to see in the `Authorization` header.
pub(super) enum Challenge {
    Basic,
    Bearer { realm: Url, service: Option<String> },
}

/// The answer of a token service; registries use either name.
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Challenge {
    /// Reads the challenge of an answer with status 401; a token is preferred to a password on every request.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let texts = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let challenges: Vec<ChallengeRef<'_>> =
            texts.filter_map(|text| parse_challenges(text).ok()).flatten().collect();
        let bearer = challenges.iter().filter(|challenge| challenge.scheme.eq_ignore_ascii_case("bearer"));
        bearer.filter_map(Self::bearer).next().or_else(|| {
            challenges
                .iter()
                .any(|challenge| challenge.scheme.eq_ignore_ascii_case("basic"))
                .then_some(Self::Basic)
        })
    }

    fn bearer(challenge: &ChallengeRef<'_>) -> Option<Self> {
        let parameter = |name: &str| {
            let found = challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_unescaped())
        };
        Some(Self::Bearer { realm: parameter("realm")?.parse().ok()?, service: parameter("service") })
    }

    /// The `Authorization` header that answers the challenge, or nothing where it needs credentials and there are none.
    pub(super) async fn answer(
        &self,
        sender: Sender<'_>,
        path: &str,
        credentials: Option<&Credentials>,
    ) -> Result<Option<HeaderValue>, Failure> {
        match self {
            Self::Basic => credentials.map(basic).transpose(),
            Self::Bearer { realm, service } => {
                token(sender, realm, service.as_deref(), path, credentials).await.map(Some)
            }
        }
    }
}

fn basic(credentials: &Credentials) -> Result<HeaderValue, Failure> {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let pair = format!("{}:{}", credentials.username, credentials.password.expose());
    authorization(&format!("Basic {}", BASE64_STANDARD.encode(pair)))
}

fn authorization(text: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Failure::Invalid("the token service sent a token that no header can carry".into()))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn token(
    sender: Sender<'_>,
    realm: &Url,
    service: Option<&str>,
    path: &str,
    credentials: Option<&Credentials>,
) -> Result<HeaderValue, Failure> {
    let asked = format!("asking the token service {} for access to {path}", host_of(realm));
    let mut address = realm.clone();
    address.query_pairs_mut().append_pair("scope", &format!("repository:{path}:pull"));
    if let Some(service) = service {
        address.query_pairs_mut().append_pair("service", service);
    }
    let account = credentials.map(basic).transpose()?.map(|value| (AUTHORIZATION, value));
    let response = sender.send(&Method::GET, address.as_str(), account, &asked).await?;
    let status = response.status();
    let body = response.body(SMALL_BODY, &asked).await?;
    if !status.is_success() {
        let reason = format!("{asked}: {status}: {}", quote(&String::from_utf8_lossy(&body)));
        let later = matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
        return Err(match status.is_client_error() && !later {
            true => Failure::Denied(format!("{reason}; {}", advice(credentials))),
            false => Failure::Unavailable(reason),
        });
    }
    let token: Token = serde_json::from_slice(&body)
        .map_err(|error| Failure::Invalid(format!("{asked}: its answer is not a token: {error}")))?;
    match token.token.or(token.access_token) {
        Some(token) => authorization(&format!("Bearer {token}")),
        None => Err(Failure::Invalid(format!("{asked}: its answer holds no token"))),
    }
}

/// What to do about a refusal.
pub(super) fn advice(credentials: Option<&Credentials>) -> String {
    let account = credentials.map_or_else(
        || "no credentials are configured for this registry: add them under `registries`".to_owned(),
        |credentials| {
            format!(
                "check the password of user {:?} and that it may pull this repository",
                credentials.username
            )
        },
    );
    format!("{account}; registries give the same answer for a private repository that does not exist")
}

fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&'static str]) -> Option<Challenge> {
        let pairs = texts.iter().map(|text| (WWW_AUTHENTICATE, HeaderValue::from_static(text)));
        Challenge::read(&pairs.collect())
    }

    #[test]
    fn a_token_service_is_found_among_several_challenges() {
        let challenge =
            read(&["Basic realm=\"x\"", "Bearer realm=\"https://a.example/token\",service=\"s, t\""]);
        let Some(Challenge::Bearer { realm, service }) = challenge else { panic!("no token service") };
        assert_eq!((realm.as_str(), service.as_deref()), ("https://a.example/token", Some("s, t")));
    }

    #[test]
    fn what_is_no_challenge_is_none() {
        for texts in [
            &[][..],
            &["Digest realm=\"x\""],
            &["Bearer service=\"s\""],
            &["Bearer realm=\"no address\""],
            &["=,;"],
        ] {
            assert!(read(texts).is_none(), "{texts:?}");
        }
        assert!(matches!(read(&["BASIC realm=\"x\""]), Some(Challenge::Basic)));
    }
}
