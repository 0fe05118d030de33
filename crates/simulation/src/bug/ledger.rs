//! Bugs of the ledger, planted as triggers into its file.

use anyhow::Context as _;
use ringway::ledger::Ledger;
use rusqlite::Connection;
use tempfile::TempDir;

/// What is about to be written is not recorded.
pub(super) const INTENT_FORGOTTEN: &str =
    "CREATE TRIGGER planted AFTER UPDATE OF patched_at ON override BEGIN
    DELETE FROM override WHERE instance = NEW.instance AND namespace = NEW.namespace
        AND application = NEW.application AND service = NEW.service;
END";

/// That somebody cancels a release is not recorded.
pub(super) const STOP_FORGOTTEN: &str = "CREATE TRIGGER planted BEFORE UPDATE OF stop ON run
WHEN OLD.kind = 'release' AND json_extract(NEW.stop, '$.kind') = 'cancel' BEGIN SELECT RAISE(IGNORE); END";

/// That somebody cancels a cleanup is not recorded.
pub(super) const STOP_OF_CLEANUP_FORGOTTEN: &str = "CREATE TRIGGER planted BEFORE UPDATE OF stop ON run
WHEN OLD.kind = 'cleanup' BEGIN SELECT RAISE(IGNORE); END";

/// What was there before becomes something else as soon as the patch is there.
pub(super) const INVERSE_OVERWRITTEN: &str = "CREATE TRIGGER planted AFTER UPDATE OF patched_at ON override
WHEN NEW.patched_at IS NOT NULL AND OLD.patched_at IS NULL BEGIN
    UPDATE override SET inverse = json_set(inverse, '$.leaves[0].before',
        CASE json_extract(inverse, '$.leaves[0].strategy') WHEN 'parameters'
        THEN json_object('name', json_extract(inverse, '$.leaves[0].path'), 'value', 'overwritten')
        ELSE 'overwritten' END)
    WHERE instance = NEW.instance AND namespace = NEW.namespace
        AND application = NEW.application AND service = NEW.service;
END";

/// What the comment of a pull request says is forgotten, so that it is written at every look.
pub(super) const MILESTONE_FORGOTTEN: &str = "CREATE TRIGGER planted AFTER INSERT ON pull_request BEGIN
    UPDATE pull_request SET told = json_remove(told, '$.comment')
    WHERE repository = NEW.repository AND number = NEW.number;
END";

/// Since when a label is gone is forgotten, so that its time to think it over begins anew at every look.
pub(super) const DEPARTURE_FORGOTTEN: &str = "CREATE TRIGGER planted AFTER INSERT ON pull_request BEGIN
    UPDATE pull_request SET noticed_gone = '{}'
    WHERE repository = NEW.repository AND number = NEW.number;
END";

/// A freeze is not recorded, although whoever asked for it is told that it stands.
pub(super) const FREEZE_FORGOTTEN: &str =
    "CREATE TRIGGER planted BEFORE INSERT ON freeze BEGIN SELECT RAISE(IGNORE); END";

/// A ledger in a file of its own, with a trigger that its program knows nothing of.
///
/// # Errors
/// If it cannot be made.
pub(super) fn with_trigger(trigger: &str) -> anyhow::Result<(Ledger, TempDir)> {
    let folder = tempfile::tempdir().context("a folder for the ledger")?;
    let file = folder.path().join("ledger.sqlite");
    drop(Ledger::open(&file)?);
    let connection = Connection::open(&file)?;
    // An identity of chance would show in the trace.
    connection.execute("UPDATE identity SET id = 'simulation'", [])?;
    connection.execute_batch(trigger)?;
    drop(connection);
    Ok((Ledger::open(&file)?, folder))
}
