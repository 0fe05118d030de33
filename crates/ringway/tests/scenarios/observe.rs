//! Looking at Ringway from outside while it works: its ledger, and what the API server has seen of it.

use crate::harness::{Ringway, Tenant, target, until};
use rusqlite::{Connection, OpenFlags, types::FromSql};
use serde_json::Value;
use std::cell::RefCell;

/// What the condition of [`When::reached`] may ask: the newest run is `newest`.
const NEWEST: &str = "WITH newest AS (SELECT * FROM run ORDER BY position DESC LIMIT 1)";

/// Asks the ledger, without the right to change it; `None` before there is one.
fn ask<T: FromSql>(ringway: &Ringway, sql: &str) -> Option<T> {
    let path = ringway.path().join("state/ledger.sqlite");
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    // An empty file, in the moment in which it is made, has no tables.
    connection.query_row(sql, [], |row| row.get(0)).ok()
}

/// How many labels of a pull request are gone and still hold tenants, as the ledger remembers it.
pub(crate) fn noticed_gone(ringway: &Ringway, number: u64) -> usize {
    let sql = format!(
        "SELECT (SELECT count(*) FROM json_each(noticed_gone)) FROM pull_request WHERE number = {number}"
    );
    let gone: i64 = ask(ringway, &sql).unwrap_or_default();
    usize::try_from(gone).unwrap()
}

/// Whether a condition, in SQL about the whole ledger, holds.
pub(crate) fn knows(ringway: &Ringway, condition: &str) -> bool {
    ask(ringway, &format!("SELECT {condition}")).unwrap_or(false)
}

/// A moment in the run that begins after this was made.
pub(crate) struct When<'a> {
    ringway: &'a Ringway,
    runs: i64,
}

impl<'a> When<'a> {
    pub(crate) fn next_run(ringway: &'a Ringway) -> Self {
        Self { ringway, runs: ask(ringway, "SELECT count(*) FROM run").unwrap_or_default() }
    }

    /// Waits until `condition`, in SQL about `newest`, holds; gives back the id of the run.
    #[track_caller]
    pub(crate) fn reached(&self, condition: &str) -> String {
        let sql = format!(
            "{NEWEST} SELECT id FROM newest WHERE ({condition}) AND (SELECT count(*) FROM run) > {}",
            self.runs
        );
        let run = RefCell::new(None::<String>);
        until(condition, || {
            run.replace(ask(self.ringway, &sql));
            run.borrow().is_some()
        });
        run.into_inner().unwrap()
    }
}

/// `count` tenants of the newest run are proven as far as `proof`.
pub(crate) fn proven(proof: &str, count: usize) -> String {
    format!("(SELECT count(*) FROM proof_reached WHERE run = newest.id AND proof = '{proof}') >= {count}")
}

/// `count` tenants of the newest run have ended.
pub(crate) fn ended(count: usize) -> String {
    format!("(SELECT count(*) FROM tenant WHERE run = newest.id AND verdict IS NOT NULL) >= {count}")
}

/// How often the Applications of some tenants are patched from now on.
pub(crate) struct Patches(Vec<(String, Sent)>);

/// The patches that the API server has seen for one Application.
#[derive(Clone, Copy, Debug)]
struct Sent {
    stored: usize,
    /// Their client died before the answer, so that the log does not say whether they were stored.
    unanswered: usize,
}

impl Patches {
    pub(crate) fn of(tenants: &[Tenant]) -> Self {
        Self(tenants.iter().map(|tenant| (tenant.name().to_owned(), sent(tenant.name()))).collect())
    }

    /// Checks that each was stored `expected` times.
    #[track_caller]
    pub(crate) fn are(&self, expected: usize, when: &str) {
        for (name, before) in &self.0 {
            let now = sent(name);
            let stored = now.stored - before.stored;
            let possible = stored..=stored + (now.unanswered - before.unanswered);
            assert!(possible.contains(&expected), "{possible:?} patches of {name}, not {expected}: {when}");
        }
    }
}

/// How often the API server has stored a patch by Ringway of an Application.
pub(crate) fn patched(name: &str) -> usize {
    sent(name).stored
}

/// How often a patch by Ringway came too late: the Application was no longer what it was made for.
pub(crate) fn lost_races(name: &str) -> usize {
    target().answers_to_patches(name, "ringway").iter().filter(|answer| **answer == 422).count()
}

/// How often Ringway has asked Argo CD to compare an Application.
pub(crate) fn asked_to_compare(name: &str) -> usize {
    target().answers_to_patches(name, "ringway-refresh").iter().filter(|answer| **answer == 200).count()
}

fn sent(name: &str) -> Sent {
    let answers = target().answers_to_patches(name, "ringway");
    let count = |status: u64| answers.iter().filter(|answer| **answer == status).count();
    Sent { stored: count(200), unanswered: count(504) }
}

/// `APPLICATION RING STATE`, line by line, of what `override list` knows.
#[track_caller]
pub(crate) fn overrides(ringway: &Ringway) -> String {
    let rows = ringway.run(&["override", "list", "-o", "json"]).expect(0).json();
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line =
        |row: &Value| format!("{} {} {}", word(&row["application"]), word(&row["ring"]), word(&row["state"]));
    rows.as_array().into_iter().flatten().map(line).collect::<Vec<_>>().join("\n")
}

/// Tenants of the smallest chart, `PREFIX-1` and so on, with their names as Ringway takes them.
pub(crate) fn fleet(prefix: &str, size: usize) -> (Vec<Tenant>, String) {
    let names: Vec<String> = (1..=size).map(|number| format!("{prefix}-{number}")).collect();
    let options: &[&str] = &["--chart", "minimal"];
    let wanted: Vec<(&str, &[&str])> = names.iter().map(|name| (name.as_str(), options)).collect();
    (Tenant::several(&wanted), names.join(","))
}

pub(crate) fn sources(tenants: &[Tenant]) -> Vec<Value> {
    tenants.iter().map(Tenant::sources).collect()
}
