//! What an answer means: its status judged, GitHub's text in it shortened, and the sentence about it.

use super::error::GithubError;
use crate::registry::quote;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};

/// A whole answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// What GitHub writes beside a status that is no success.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Complaint {
    message: Option<String>,
    errors: Vec<serde_json::Value>,
}

impl Answer {
    /// A header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// GitHub's own words about what is wrong.
    pub(super) fn complaint(&self) -> String {
        let complaint: Complaint = serde_json::from_slice(&self.body).unwrap_or_default();
        let details = complaint.errors.iter().filter_map(|error| match error {
            serde_json::Value::String(text) => Some(text.clone()),
            error => {
                let part = |name: &str| error.get(name).and_then(serde_json::Value::as_str);
                let fields = [part("resource"), part("field"), part("code"), part("message")];
                Some(fields.into_iter().flatten().collect::<Vec<_>>().join(" "))
                    .filter(|text| !text.is_empty())
            }
        });
        let said = complaint.message.into_iter().chain(details).collect::<Vec<_>>().join("; ");
        quote(&said)
    }

    /// The answer, if it is a success or says that nothing changed.
    pub(super) fn judged(self, asked: &str) -> Result<Self, GithubError> {
        if self.status.is_success() || self.status == StatusCode::NOT_MODIFIED {
            return Ok(self);
        }
        let said = match self.complaint() {
            said if said.is_empty() => format!("GitHub answers {}", self.status),
            said => format!("GitHub answers {}: {said}", self.status),
        };
        let message = |advice: &str| format!("{asked}: {said}; {advice}");
        Err(match self.status {
            StatusCode::UNAUTHORIZED => GithubError::Unauthorized {
                message: message(
                    "check that the token or the App's key is still valid (github.token, github.app)",
                ),
            },
            StatusCode::FORBIDDEN => {
                let needs =
                    self.header("x-accepted-github-permissions").map(quote).filter(|needs| !needs.is_empty());
                let advice = match &needs {
                    Some(needs) => format!("give the App or token one of these permissions: {needs}"),
                    None => {
                        "check the permissions of the App or token, and whether it is suspended or waits for \
                             approval of the organisation"
                            .to_owned()
                    }
                };
                GithubError::Forbidden { message: message(&advice), needs }
            }
            StatusCode::NOT_FOUND => GithubError::NotFound {
                message: message(
                    "check the name, and that the App is installed there or the token may read it: GitHub does not tell \
                     what is hidden from what does not exist",
                ),
            },
            StatusCode::GONE => GithubError::Gone { message: message("it was deleted") },
            StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST => {
                GithubError::Invalid { message: message("this is not accepted however often it is asked") }
            }
            // A conflict is with something that goes on at the same time.
            StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT => GithubError::unavailable(asked, said),
            status if status.is_server_error() => GithubError::unavailable(asked, said),
            _ => GithubError::malformed(asked, said),
        })
    }

    /// The body as JSON. One that ends too early was cut off on its way, and may be whole the next time.
    pub(super) fn json<T: DeserializeOwned>(&self, asked: &str) -> Result<T, GithubError> {
        serde_json::from_slice(&self.body).map_err(|error| match error.is_eof() {
            true => GithubError::unavailable(asked, "the answer was cut off"),
            false => GithubError::malformed(
                asked,
                format!("the answer is not what GitHub answers ({})", quote(&error.to_string())),
            ),
        })
    }
}
