//! Bugs around pull requests, planted into what GitHub answers: what somebody would know who does not ask, or believes the
//! wrong thing.

use super::Bug;
use bytes::Bytes;
use http::{Method, Request, Response, header};
use serde_json::{Value, json};

impl Bug {
    /// The answer as it arrives: as it is, unless the bug is planted.
    pub(crate) fn repaint(self, request: &Request<Bytes>, mut answer: Response<Bytes>) -> Response<Bytes> {
        let is_read = request.method() == Method::GET && answer.status().is_success();
        let Some(paint) = self.brush(request.uri().path()).filter(|_| is_read) else { return answer };
        // It has another length now.
        answer.headers_mut().remove(header::CONTENT_LENGTH);
        answer.map(|body| match serde_json::from_slice::<Value>(&body) {
            Ok(mut value) => {
                paint(&mut value);
                Bytes::from(value.to_string())
            }
            Err(_) => body,
        })
    }

    fn brush(self, path: &str) -> Option<fn(&mut Value)> {
        let number = |part: &str| part.parse::<u64>().is_ok();
        match self {
            Self::AuthorityNotAsked if path.ends_with("/permission") => Some(everybody_may),
            Self::BuildBelieved if path.ends_with("/runs") || path.ends_with("/jobs") => Some(all_succeed),
            Self::CommentForgotten if path.contains("/issues/") && path.ends_with("/comments") => {
                Some(nothing)
            }
            Self::CloseOverlooked if path.rsplit_once("/pulls/").is_some_and(|(_, part)| number(part)) => {
                Some(open)
            }
            _ => None,
        }
    }
}

fn everybody_may(found: &mut Value) {
    found["permission"] = json!("admin");
    found["role_name"] = json!("admin");
}

fn all_succeed(found: &mut Value) {
    for list in ["workflow_runs", "jobs"] {
        for one in found[list].as_array_mut().into_iter().flatten() {
            one["status"] = json!("completed");
            one["conclusion"] = json!("success");
        }
    }
}

fn nothing(found: &mut Value) {
    *found = json!([]);
}

fn open(found: &mut Value) {
    found["state"] = json!("open");
    found["merged"] = json!(false);
    found["merged_at"] = Value::Null;
}
