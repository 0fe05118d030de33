//! Whether a delivery is from GitHub: HMAC-SHA256 over the bytes of the body, compared in constant time.

use super::Refusal;
use ring::hmac;
use std::fmt;

/// How many secrets there can be: the one, and the one before it until GitHub knows the new one.
const MOST: usize = 2;

/// What deliveries are signed with.
pub struct Secrets(Vec<hmac::Key>);

/// Why secrets cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    /// Anybody could deliver.
    #[error("there is no secret for webhooks, so anybody could deliver; set github.webhookSecrets")]
    None,
    /// One of them is empty, so anybody could sign with it.
    #[error("a secret for webhooks is empty, so anybody could deliver; write a long random text into it")]
    Empty,
    /// One of them may have been forgotten.
    #[error("there are {0} secrets for webhooks and at most {MOST} are taken: the new one and the old one")]
    TooMany(usize),
}

impl Secrets {
    /// Takes one secret, or two while one takes the place of the other.
    ///
    /// # Errors
    /// If there is none, an empty one, or more.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Result<Self, SecretsError> {
        let secrets: Vec<&str> = secrets.into_iter().collect();
        match secrets.len() {
            0 => return Err(SecretsError::None),
            count if count > MOST => return Err(SecretsError::TooMany(count)),
            _ if secrets.iter().any(|secret| secret.is_empty()) => return Err(SecretsError::Empty),
            _ => {}
        }
        Ok(Self(secrets.iter().map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())).collect()))
    }

    /// Whether one of the secrets signed this body.
    ///
    /// # Errors
    /// [`Refusal::WrongSignature`] if none did.
    pub(super) fn verify(&self, signature: &Signature, body: &[u8]) -> Result<(), Refusal> {
        let signed = self.0.iter().any(|key| hmac::verify(key, body, &signature.0).is_ok());
        if signed { Ok(()) } else { Err(Refusal::WrongSignature) }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} secrets", self.0.len())
    }
}

/// What `X-Hub-Signature-256` claims.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Signature([u8; 32]);

impl Signature {
    /// Reads `sha256=` and 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`Refusal::WrongSignature`] for anything else.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        Self::decode(text).ok_or(Refusal::WrongSignature)
    }

    fn decode(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("sha256=")?.as_bytes();
        let mut bytes = [0; 32];
        if digits.len() != 2 * bytes.len() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let &[high, low] = pair else { return None };
            *byte = digit(high)? << 4 | digit(low)?;
        }
        Some(Self(bytes))
    }
}

fn digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation>
    #[test]
    fn the_example_of_github_is_signed_right() {
        let secrets = Secrets::new(["It's a Secret to Everybody"]).unwrap();
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let signature = Signature::parse(signature).unwrap();
        assert_eq!(secrets.verify(&signature, b"Hello, World!"), Ok(()));
        assert_eq!(secrets.verify(&signature, b"Hello, World?"), Err(Refusal::WrongSignature));
        let other = Secrets::new(["It's a secret to everybody"]).unwrap();
        assert_eq!(other.verify(&signature, b"Hello, World!"), Err(Refusal::WrongSignature));
    }

    #[test]
    fn what_is_no_signature_is_a_wrong_one() {
        let digits = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert!(Signature::parse(&format!("sha256={}", digits.to_uppercase())).is_ok());
        for text in [
            "",
            "sha256=",
            digits,
            &format!("sha1={digits}"),
            &format!("sha256={digits}0"),
            &format!("sha256={}", &digits[1..]),
            &format!("sha256={}g", &digits[1..]),
            &format!("sha256= {}", &digits[1..]),
            &format!("sha256={}é", &digits[2..]),
        ] {
            assert_eq!(Signature::parse(text), Err(Refusal::WrongSignature), "{text}");
        }
    }

    #[test]
    fn secrets_with_which_anybody_could_sign_are_not_taken() {
        assert_eq!(Secrets::new([]).unwrap_err(), SecretsError::None);
        assert_eq!(Secrets::new(["one", ""]).unwrap_err(), SecretsError::Empty);
        assert_eq!(Secrets::new(["one", "two", "three"]).unwrap_err(), SecretsError::TooMany(3));
        assert_eq!(format!("{:?}", Secrets::new(["one", "two"]).unwrap()), "2 secrets");
    }
}
