//! Processes that were killed, and what they were doing: an attempt that kills its process each time it runs leaves no
//! other trace.
//!
//! These rows are written at once, outside of passes, so that they are there whatever happens next.

use super::{Key, Store};
use crate::error::EngineError;
use std::collections::BTreeMap;

impl Store {
    /// Notes that an engine runs. Says whether the one before was killed: it did not come to [`Store::end_life`].
    pub(crate) fn begin_life(&self) -> Result<bool, EngineError> {
        let killed = self.one("select under_way from life", [], |row| row.get(0))?;
        self.execute("note that the engine runs", "update life set under_way = 1", [])?;
        Ok(killed.unwrap_or(false))
    }

    /// Notes that the engine ends by itself, with an error or without one: whatever it did is not to blame.
    pub(crate) fn end_life(&self) -> Result<(), EngineError> {
        if !self.connection()?.is_autocommit() {
            // What an error interrupted is lost, as it would be without this.
            self.execute("forget what was not committed", "rollback", [])?;
        }
        self.execute("note that the engine ends", "update life set under_way = 0", [])
    }

    /// Counts attempts that were under way when their process was killed, all with one wait for the disk.
    pub(crate) fn count_lost(&self, calls: &[(Key, i64)]) -> Result<(), EngineError> {
        let sql = "insert into lost (workflow, sequence, times) values (?1, ?2, 1)
                   on conflict do update set times = times + 1";
        self.begin()?;
        for (key, sequence) in calls {
            self.execute("count a lost attempt", sql, [key, sequence])?;
        }
        self.execute("count lost attempts", "commit", [])
    }

    /// Forgets what was counted of an activity.
    pub(crate) fn forget_lost(&self, key: Key, sequence: i64) -> Result<(), EngineError> {
        let sql = "delete from lost where workflow = ?1 and sequence = ?2";
        self.execute("forget lost attempts", sql, [key, sequence])
    }

    /// All that were counted, and how often since an attempt of the activity ended.
    pub(crate) fn all_lost(&self) -> Result<BTreeMap<(Key, i64), u32>, EngineError> {
        let sql = "select workflow, sequence, times from lost";
        let rows = self.all(sql, [], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
        Ok(rows.into_iter().collect())
    }
}
