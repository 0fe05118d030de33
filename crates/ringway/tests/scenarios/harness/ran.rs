//! What a command did: its exit code, what it said, and what stands in its document.

use serde_json::Value;
use std::{fmt::Write as _, process::Output};

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ran {
    /// Its document on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// `tenant verdict proof code`, line by line.
    #[track_caller]
    pub(crate) fn verdicts(&self) -> String {
        let mut text = String::new();
        for tenant in self.json()["tenants"].as_array().into_iter().flatten() {
            let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            let (name, verdict, proof) =
                (word(&tenant["tenant"]), word(&tenant["verdict"]), word(&tenant["proof"]));
            writeln!(text, "{name} {verdict} {proof} {}", word(&tenant["problem"]["code"])).unwrap();
        }
        text.trim_end().to_owned()
    }

    /// What it says about one tenant.
    #[track_caller]
    pub(crate) fn tenant(&self, name: &str) -> Value {
        let document = self.json();
        let tenants = document["tenants"].as_array().into_iter().flatten();
        tenants
            .into_iter()
            .find(|tenant| tenant["tenant"] == name)
            .unwrap_or_else(|| panic!("{self:#?}"))
            .clone()
    }

    /// The message of one tenant's problem.
    #[track_caller]
    pub(crate) fn message(&self, tenant: &str) -> String {
        self.tenant(tenant)["problem"]["message"].as_str().unwrap_or_else(|| panic!("{self:#?}")).to_owned()
    }

    /// What it advises against one tenant's problem.
    #[track_caller]
    pub(crate) fn advice(&self, tenant: &str) -> String {
        self.tenant(tenant)["problem"]["advice"].as_str().unwrap_or_else(|| panic!("{self:#?}")).to_owned()
    }

    /// Checks the exit code, and shows everything if it is another.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code {}\n--- out\n{}\n--- err\n{}", self.code, self.out, self.err);
        self
    }
}
