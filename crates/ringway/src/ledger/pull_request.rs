//! Pull requests: which one a run is of, and what must be remembered of each between two looks at it.
//!
//! Everything is kept by ids. Names change, and are only for texts.

use super::{
    Ledger, LedgerError,
    column::{At, Json, Number},
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The pull request that asked for a run, and as what it asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequestOrigin {
    /// The id of its repository.
    pub repository: u64,
    /// Its number in the repository.
    pub number: u64,
    /// The commit that was released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The label that the tenants came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Which version of the source of the cohort was read, such as the commit of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

/// What is remembered of a pull request. Whether any of it is still so is for GitHub to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPullRequest {
    /// The id of its repository.
    pub repository: u64,
    /// The name of its repository, as `owner/name`, when it was last read.
    pub repository_name: String,
    /// Its number in the repository.
    pub number: u64,
    /// The service that the repository is of.
    pub service: String,
    /// Its branch: the ring.
    pub ring: String,
    /// Whether it was closed, merged or gone when it was last read.
    pub over: bool,
    /// The comment of ours that is edited in place.
    pub comment: Option<u64>,
    /// The newest check run of ours: the commit that it is on, and its id.
    pub check_run: Option<(String, u64)>,
    /// Labels that are gone and still hold tenants: when that was first noticed.
    pub noticed_gone: BTreeMap<String, Timestamp>,
    /// What was said, by kind, so that it is said once.
    pub told: BTreeMap<String, String>,
    /// What happened, the oldest first.
    pub history: Vec<(Timestamp, String)>,
    /// When anything of this was last written down. A look that finds nothing new writes nothing.
    pub updated_at: Timestamp,
}

/// In [`KnownPullRequest::told`]: that nothing can happen to it any more.
const SETTLED: &str = "settled";

/// In [`KnownPullRequest::told`]: the first line of the comment that is edited in place.
const HEADLINE: &str = "headline";

/// In [`KnownPullRequest::told`]: when that line was first written into it.
const HEADLINE_SINCE: &str = "headline-since";

impl KnownPullRequest {
    /// Whether nothing can happen to it any more: it is over, everything is given back, and that was said.
    pub fn is_settled(&self) -> bool {
        self.told.contains_key(SETTLED)
    }

    /// Notes whether anything can still happen to it. Says whether that was otherwise before.
    pub fn set_settled(&mut self, settled: bool) -> bool {
        match settled {
            true => self.told.insert(SETTLED.to_owned(), "yes".to_owned()).is_none(),
            false => self.told.remove(SETTLED).is_some(),
        }
    }

    /// Where it stands, in the line that was last written into it.
    pub fn headline(&self) -> Option<&str> {
        self.told.get(HEADLINE).map(String::as_str)
    }

    /// Since when that line stands in it.
    pub fn headline_since(&self) -> Option<Timestamp> {
        self.told.get(HEADLINE_SINCE)?.parse().ok()
    }

    /// Notes the line that was written into it at `at`.
    pub fn set_headline(&mut self, headline: String, at: Timestamp) {
        if self.headline() != Some(&headline) {
            self.told.insert(HEADLINE.to_owned(), headline);
            self.told.insert(HEADLINE_SINCE.to_owned(), at.to_string());
        }
    }

    /// As people write it: `owner/name#number`.
    pub fn name(&self) -> String {
        format!("{}#{}", self.repository_name, self.number)
    }
}

impl Ledger {
    /// What is remembered of a pull request; `None` if it was never looked at.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn pull_request(
        &self,
        repository: u64,
        number: u64,
    ) -> Result<Option<KnownPullRequest>, LedgerError> {
        self.read("read a pull request", |connection| Ok(read(connection, repository, number)?))
    }

    /// Every pull request that is remembered, by repository and number.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn pull_requests(&self) -> Result<Vec<KnownPullRequest>, LedgerError> {
        self.read("list the pull requests", |connection| {
            let mut statement =
                connection.prepare_cached("SELECT * FROM pull_request ORDER BY repository, number")?;
            Ok(statement.query_map([], from_row)?.collect::<Result<_, _>>()?)
        })
    }

    /// Remembers this of a pull request, in the place of whatever was remembered before.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be written.
    pub fn record_pull_request(&self, known: &KnownPullRequest) -> Result<(), LedgerError> {
        self.write("record a pull request", |transaction| {
            transaction.prepare_cached("INSERT OR REPLACE INTO pull_request (repository, number, repository_name, service, ring, over,
                     comment, check_run, noticed_gone, told, history, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")?.execute(params![
                    Number(known.repository),
                    Number(known.number),
                    known.repository_name,
                    known.service,
                    known.ring,
                    known.over,
                    known.comment.map(Number),
                    known.check_run.as_ref().map(Json),
                    Json(&known.noticed_gone),
                    Json(&known.told),
                    Json(&known.history),
                    At(known.updated_at)
                ])?;
            Ok(())
        })
    }

    /// A pull request as people write it, such as `acme/web#12`; with the id of its repository if that was never read.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn name_of_pull_request(&self, origin: &PullRequestOrigin) -> Result<String, LedgerError> {
        self.read("name a pull request", |connection| Ok(name(connection, origin)?))
    }
}

/// The same within a transaction.
pub(super) fn name(connection: &Connection, origin: &PullRequestOrigin) -> rusqlite::Result<String> {
    let known = read(connection, origin.repository, origin.number)?;
    let unnamed = || format!("repository {}#{}", origin.repository, origin.number);
    Ok(known.map_or_else(unnamed, |known| known.name()))
}

fn read(connection: &Connection, repository: u64, number: u64) -> rusqlite::Result<Option<KnownPullRequest>> {
    let sql = "SELECT * FROM pull_request WHERE repository = ?1 AND number = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row(params![Number(repository), Number(number)], from_row).optional()
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<KnownPullRequest> {
    Ok(KnownPullRequest {
        repository: row.get::<_, Number>("repository")?.0,
        repository_name: row.get("repository_name")?,
        number: row.get::<_, Number>("number")?.0,
        service: row.get("service")?,
        ring: row.get("ring")?,
        over: row.get("over")?,
        comment: row.get::<_, Option<Number>>("comment")?.map(|Number(id)| id),
        check_run: row.get::<_, Option<Json<_>>>("check_run")?.map(|Json(check_run)| check_run),
        noticed_gone: row.get::<_, Json<_>>("noticed_gone")?.0,
        told: row.get::<_, Json<_>>("told")?.0,
        history: row.get::<_, Json<_>>("history")?.0,
        updated_at: row.get::<_, At>("updated_at")?.0,
    })
}
