//! How things look as JSON, with the fields that GitHub's OpenAPI description asks for
//! (<https://github.com/github/rest-api-description>, version 2022-11-28).

mod account;
mod build;
mod check;
mod commit;
mod pull;
mod repository;

pub(super) use account::permissions_shape;
pub(super) use repository::encoded;

use base64::{Engine, prelude::BASE64_STANDARD};

/// The id that something has in GraphQL.
pub(super) fn node(kind: &str, id: u64) -> String {
    BASE64_STANDARD.encode(format!("{kind}:{id}"))
}
