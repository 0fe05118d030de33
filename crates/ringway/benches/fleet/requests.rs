//! The requests of Ringway, by the API server's own log.

use crate::{figures::Requests, setting};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs::File,
    io::{Read, Seek, SeekFrom},
};

/// A place in the log.
pub(crate) struct Log(u64);

impl Log {
    pub(crate) fn here() -> Self {
        Self(open().metadata().unwrap().len())
    }

    /// The requests since then that are about these tenants, or about no tenant. A request is in the log once or, if
    /// it is a watch, twice.
    pub(crate) fn since(self, tenants: &[String]) -> Requests {
        let mut log = open();
        log.seek(SeekFrom::Start(self.0)).unwrap();
        let mut lines = String::new();
        log.read_to_string(&mut lines).unwrap();
        let mut seen = BTreeSet::new();
        let mut requests = Requests::new();
        for line in lines.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            let object = &event["objectRef"];
            let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let name = match word(&object["namespace"]).strip_prefix("tenant-") {
                Some(tenant) => tenant.to_owned(),
                None => word(&object["name"]),
            };
            // Somebody else may use the same identity for other tenants meanwhile.
            if !(name.is_empty() || tenants.contains(&name)) || !seen.insert(word(&event["auditID"])) {
                continue;
            }
            *requests
                .entry(format!("{} {}", word(&event["verb"]), word(&object["resource"])))
                .or_default() += 1;
        }
        requests
    }
}

fn open() -> File {
    File::open(setting("RINGWAY_TESTBED_AUDIT_LOG")).unwrap()
}
