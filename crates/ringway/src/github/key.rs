//! The private key of a GitHub App, and the short-lived proof of who we are that it signs.
//!
//! The proof is a JSON Web Token with RS256
//! (<https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>).
//! It is a pure function of the key, the App's id and the time: this signature has no random part.

use super::error::GithubSetupError;
use crate::registry::Secret;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use serde_json::json;
use std::{fmt, sync::Arc};

/// How far the beginning lies in the past, for clocks that differ a little.
const BEFORE: SignedDuration = SignedDuration::from_secs(60);

/// How long a proof holds from now on; with the minute before, less than the ten that GitHub allows.
const AFTER: SignedDuration = SignedDuration::from_secs(8 * 60);

/// The private key of a GitHub App. It never shows itself.
#[derive(Clone)]
pub struct AppKey(Arc<RsaKeyPair>);

impl fmt::Debug for AppKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl AppKey {
    /// Reads the PEM text that GitHub gives for download, or the same key as PKCS#8. `setting` is where it came from, such
    /// as `github.app.privateKeyFile`.
    ///
    /// # Errors
    /// If the text holds no RSA key of 2048 to 4096 bits.
    pub fn from_pem(text: &str, setting: &str) -> Result<Self, GithubSetupError> {
        let wrong = |why: &str| GithubSetupError::Key { setting: setting.to_owned(), why: why.to_owned() };
        // Errors of the PEM reader and of the key reader are not shown: the former quote lines of the file.
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| {
            wrong("it does not hold a PEM section `RSA PRIVATE KEY` or `PRIVATE KEY` from beginning to end")
        })?;
        let pair = match &key {
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            _ => return Err(wrong("it is not an RSA key")),
        };
        let pair = pair.map_err(|_| wrong("it is not an RSA key of 2048 to 4096 bits"))?;
        Ok(Self(Arc::new(pair)))
    }

    /// A proof that we are this App, for some minutes from `now`. `None` if the key cannot sign, which a key that was read
    /// always can.
    pub(super) fn proof(&self, app: u64, now: Timestamp) -> Option<Secret> {
        let head = json!({ "alg": "RS256", "typ": "JWT" });
        let claims = json!({
            "iat": now.checked_sub(BEFORE).ok()?.as_second(),
            "exp": now.checked_add(AFTER).ok()?.as_second(),
            "iss": app.to_string(),
        });
        let encoded = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encoded(&head), encoded(&claims));
        let mut signature = vec![0; self.0.public().modulus_len()];
        // The random numbers hide the key from whoever measures time; the signature does not depend on them.
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).ok()?;
        Some(Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}
