//! What the headers of a delivery say.

use super::{Refusal, signature::Signature};
use axum::http::{HeaderMap, header};

/// Longer than the id of any delivery, which is a GUID.
const LONGEST_ID: usize = 100;

/// Longer than the name of any event.
const LONGEST_EVENT: usize = 64;

/// The headers that matter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Headers {
    /// Who signed it, as is claimed.
    pub(super) signature: Signature,
    /// The id of the delivery.
    pub(super) delivery: String,
    /// The name of the event.
    pub(super) event: String,
    /// How long the body is to be, if that is said.
    pub(super) length: Option<u64>,
}

impl Headers {
    /// Reads them.
    ///
    /// # Errors
    /// What is missing or wrong. Whether the signature is right is not known yet.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, Refusal> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let signature = match text("x-hub-signature-256") {
            Some(signature) => Signature::parse(signature)?,
            None if headers.contains_key("x-hub-signature") => return Err(Refusal::OnlySha1),
            None => return Err(Refusal::Unsigned),
        };
        content_type(text(header::CONTENT_TYPE.as_str()))?;
        let graphic = |character: char| character.is_ascii_graphic();
        let delivery = named(text("x-github-delivery"), LONGEST_ID, graphic);
        let lower = |character: char| character.is_ascii_lowercase() || character == '_';
        let event = named(text("x-github-event"), LONGEST_EVENT, lower);
        Ok(Self {
            signature,
            delivery: delivery.ok_or(Refusal::Header("X-GitHub-Delivery"))?,
            event: event.ok_or(Refusal::Header("X-GitHub-Event"))?,
            length: text(header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok()),
        })
    }
}

fn content_type(content_type: Option<&str>) -> Result<(), Refusal> {
    let essence = content_type.and_then(|text| text.split(';').next()).unwrap_or_default().trim();
    match () {
        () if essence.eq_ignore_ascii_case("application/json") => Ok(()),
        () if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") => Err(Refusal::Form),
        () => Err(Refusal::OtherType),
    }
}

fn named(text: Option<&str>, longest: usize, allowed: impl Fn(char) -> bool) -> Option<String> {
    let text = text.filter(|text| !text.is_empty() && text.len() <= longest)?;
    text.chars().all(allowed).then(|| text.to_owned())
}
