//! What was said to and by GitHub, written down for those who compare it with GitHub's own description of its API.
//!
//! Nothing is judged here, and nothing is left out except the header that proves who asks.

use crate::github::{Answer, Delivery};
use bytes::Bytes;
use http::{HeaderMap, Request, header::AUTHORIZATION};
use serde_json::{Map, Value, json};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    process,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Counts the files of this process.
static FILES: AtomicU64 = AtomicU64::new(0);

/// A file of its own in a folder, with a line of JSON for each exchange and each webhook.
///
/// An exchange has `method`, `path`, `query`, `request_headers`, `request_body`, `status`, `response_headers` and
/// `response_body`; with `fault`, its answer is none that GitHub would give. A webhook has `webhook` (the event), `headers`
/// and `payload`. Bodies are JSON, else text, else null.
#[derive(Debug)]
pub struct Recorder {
    file: Mutex<File>,
}

impl Recorder {
    /// Begins a file in a folder, which is made if there is none.
    ///
    /// # Errors
    ///
    /// When the folder or the file cannot be made.
    pub fn new(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let name = format!("{}-{}.jsonl", process::id(), FILES.fetch_add(1, Ordering::Relaxed));
        // Ids of processes come again, and what an earlier one wrote counts too.
        let file = File::options().create(true).append(true).open(folder.join(name))?;
        Ok(Self { file: Mutex::new(file) })
    }

    /// Writes a request down, and the answer to it.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn exchange(&self, request: &Request<Bytes>, answer: &Answer) -> io::Result<()> {
        let response = &answer.response;
        let mut line = json!({
            "method": request.method().as_str(),
            "path": request.uri().path(),
            "query": request.uri().query().unwrap_or_default(),
            "request_headers": headers(request.headers()),
            "request_body": body(request.body()),
            "status": response.status().as_u16(),
            "response_headers": headers(response.headers()),
            "response_body": body(response.body()),
        });
        if answer.broken {
            line["fault"] = json!(true);
        }
        self.write(&line)
    }

    /// Writes a webhook down.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn webhook(&self, delivery: &Delivery) -> io::Result<()> {
        let headers = delivery.headers.iter();
        let headers: Map<String, Value> =
            headers.map(|(name, value)| (name.to_ascii_lowercase(), json!(value))).collect();
        self.write(&json!({"webhook": delivery.event, "headers": headers, "payload": body(&delivery.body)}))
    }

    /// In one piece, so that a process that is killed leaves at most one line that is not whole.
    fn write(&self, line: &Value) -> io::Result<()> {
        let line = format!("{line}\n");
        self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes())
    }
}

fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let told = headers.iter().filter(|(name, _)| *name != AUTHORIZATION);
    told.map(|(name, value)| (name.to_string(), json!(String::from_utf8_lossy(value.as_bytes())))).collect()
}

fn body(body: &Bytes) -> Value {
    match serde_json::from_slice(body) {
        Ok(json) => json,
        Err(_) if body.is_empty() => Value::Null,
        Err(_) => json!(String::from_utf8_lossy(body)),
    }
}
