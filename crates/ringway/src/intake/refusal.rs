//! Why a delivery is refused. What is said here is read in GitHub's list of deliveries by whoever set the webhook up, and
//! by anybody else who can reach the port: it names no file and no secret.

use super::body::{MOST_BYTES, PATIENCE};
use axum::http::StatusCode;

/// Why a delivery is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It has no signature.
    #[error("the header X-Hub-Signature-256 is missing; give the webhook the secret that Ringway has")]
    Unsigned,
    /// It is only signed as nobody should any more.
    #[error(
        "there is only X-Hub-Signature, which is SHA-1 and not believed; let whatever is in between pass X-Hub-Signature-256 on"
    )]
    OnlySha1,
    /// The signature is not one of ours.
    #[error(
        "the signature in X-Hub-Signature-256 is not of this body with a secret of ours; give the webhook the secret that Ringway has, and let nothing in between change the body"
    )]
    WrongSignature,
    /// It is a form.
    #[error("the content type is a form; set the content type of the webhook to application/json")]
    Form,
    /// It is of another type.
    #[error(
        "the content type is not application/json; set the content type of the webhook to application/json"
    )]
    OtherType,
    /// A header is missing or is not what GitHub sends.
    #[error("the header {0} is missing, or is not as GitHub sends it; only GitHub delivers here")]
    Header(&'static str),
    /// It is not JSON, or not the JSON of its event.
    #[error("the body is not what GitHub sends for this event: {0}")]
    Payload(String),
    /// It is larger than anything that GitHub sends.
    #[error("the body has more than {} MiB, and GitHub sends at most 25 MB", MOST_BYTES / 1024 / 1024)]
    TooLarge,
    /// It ended before its end.
    #[error("the body broke off")]
    BrokeOff,
    /// It did not come to an end.
    #[error("the body was not there after {} s", PATIENCE.as_secs())]
    Slow,
    /// Too much is being delivered at once.
    #[error("too much is being delivered at once; deliver it again later, or wait for the next sweep")]
    Busy,
    /// The ledger cannot be written.
    #[error(
        "it could not be stored, and the log of Ringway says why; deliver it again later, or wait for the next sweep"
    )]
    NotStored,
}

impl Refusal {
    /// The name in figures.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::OnlySha1 => "only_sha1",
            Self::WrongSignature => "wrong_signature",
            Self::Form | Self::OtherType => "content_type",
            Self::Header(_) => "headers",
            Self::Payload(_) => "payload",
            Self::TooLarge => "too_large",
            Self::BrokeOff => "broke_off",
            Self::Slow => "slow",
            Self::Busy => "busy",
            Self::NotStored => "not_stored",
        }
    }

    /// Every name, each once.
    pub(super) const NAMES: [&'static str; 11] = [
        "unsigned",
        "only_sha1",
        "wrong_signature",
        "content_type",
        "headers",
        "payload",
        "too_large",
        "broke_off",
        "slow",
        "busy",
        "not_stored",
    ];

    /// The answer over HTTP. GitHub only tells 2xx from the rest; people read it.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unsigned | Self::OnlySha1 | Self::WrongSignature => StatusCode::UNAUTHORIZED,
            Self::Form | Self::OtherType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Header(_) | Self::Payload(_) | Self::BrokeOff => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Busy | Self::NotStored => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}
