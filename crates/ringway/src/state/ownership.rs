//! One owner of a state folder, by a lock that the operating system drops when its holder ends, however it ends.

use super::{StateError, StateFolder};
use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
};

/// Who owns a state folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its process id.
    pub process: u32,
    /// What it does, such as `ringway serve`.
    pub command: String,
    /// Since when it owns the folder.
    pub since: Timestamp,
}

/// The right to drive releases from a state folder. Dropping it gives it back; so does the end of the process.
#[derive(Debug)]
pub struct Ownership {
    lock: File,
}

impl StateFolder {
    /// Whether a process drives what is in the folder. Whoever looks stands in no other's way.
    pub fn is_owned(&self) -> bool {
        // Only an owner holds it exclusively; a file that is not there has none.
        File::open(self.path().join("owner.lock")).is_ok_and(|lock| {
            flock(&lock, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK)
        })
    }

    /// Who owns the folder, without becoming it. `None` if nobody does, or if the owner has not said so yet.
    pub fn owner(&self) -> Option<Owner> {
        if !self.is_owned() {
            return None;
        }
        File::open(self.path().join("owner.lock")).ok().and_then(|mut lock| read(&mut lock))
    }

    /// Becomes the owner. `command` is shown to whoever tries the same meanwhile; it must not contain secrets.
    ///
    /// # Errors
    ///
    /// [`StateError::OwnedBy`] if there is another owner, also within this process.
    pub fn own(&self, command: &str, since: Timestamp) -> Result<Ownership, StateError> {
        let path = self.path().join("owner.lock");
        let lock_error = |source: io::Error| StateError::Lock { path: path.clone(), source };
        // The file stays for ever: if an owner removed it, two others could hold locks on two files of this name.
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(lock_error)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(StateError::OwnedBy { path: self.path().to_owned(), owner: read(&mut lock) });
            }
            Err(error) => return Err(lock_error(error.into())),
        }
        let owner = Owner { process: std::process::id(), command: command.to_owned(), since };
        write(&mut lock, &owner).map_err(lock_error)?;
        Ok(Ownership { lock })
    }
}

impl Drop for Ownership {
    fn drop(&mut self) {
        // Only what is shown; the lock itself goes with the file's descriptor.
        if let Err(error) = self.lock.set_len(0) {
            tracing::debug!(%error, "cannot empty the lock file of the state folder");
        }
    }
}

/// What the owner says of itself. `None` in the moment between its lock and its first write.
fn read(lock: &mut File) -> Option<Owner> {
    let mut text = String::new();
    lock.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn write(lock: &mut File, owner: &Owner) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    lock.write_all(serde_json::to_string(owner)?.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn folder() -> (tempfile::TempDir, StateFolder) {
        let parent = tempfile::tempdir().unwrap();
        let folder = StateFolder::open(&parent.path().join("deep/state")).unwrap();
        (parent, folder)
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_new_folder_is_for_its_owner_alone() {
        let (_parent, folder) = folder();
        assert_eq!(folder.path().metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(StateFolder::open(folder.path()).unwrap(), folder);
    }

    #[test]
    fn a_file_is_not_a_state_folder() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = StateFolder::open(file.path()).unwrap_err();
        assert!(matches!(error, StateError::Folder { .. }), "{error}");
    }

    #[test]
    fn a_second_owner_is_told_who_the_first_is() {
        let (_parent, folder) = folder();
        let since = at("2026-11-23T10:00:00Z");
        let first = folder.own("ringway serve", since).unwrap();
        let error = folder.own("ringway release start", at("2026-11-23T11:00:00Z")).unwrap_err();
        let StateError::OwnedBy { owner, .. } = &error else { panic!("{error}") };
        let expected = Owner { process: std::process::id(), command: "ringway serve".into(), since };
        assert_eq!(owner.as_ref(), Some(&expected));
        assert!(error.to_string().contains("`ringway serve`, since 2026-11-23T10:00:00Z"), "{error}");
        drop(first);
        folder.own("ringway release start", since).unwrap();
    }

    #[test]
    fn looking_whether_there_is_an_owner_makes_none() {
        let (_parent, folder) = folder();
        assert!(!folder.is_owned());
        assert_eq!(folder.owner(), None);
        let owned = folder.own("ringway serve", at("2026-11-23T10:00:00Z")).unwrap();
        assert!(folder.is_owned());
        assert_eq!(folder.owner().unwrap().command, "ringway serve");
        drop(owned);
        assert!(!folder.is_owned());
        assert_eq!(folder.owner(), None);
    }

    #[test]
    fn what_a_crashed_owner_left_behind_is_no_obstacle() {
        let (_parent, folder) = folder();
        let left = r#"{"process":1,"command":"a command that was longer","since":"2026-11-23T10:00:00Z"}"#;
        std::fs::write(folder.path().join("owner.lock"), left).unwrap();
        let owned = folder.own("ringway serve", at("2026-11-23T11:00:00Z")).unwrap();
        let error = folder.own("ringway serve", at("2026-11-23T12:00:00Z")).unwrap_err();
        assert!(error.to_string().contains("since 2026-11-23T11:00:00Z"), "{error}");
        drop(owned);
    }

    #[test]
    fn an_owner_that_has_not_said_who_it_is_still_is_one() {
        let (_parent, folder) = folder();
        let _owned = folder.own("ringway serve", at("2026-11-23T11:00:00Z")).unwrap();
        std::fs::write(folder.path().join("owner.lock"), "").unwrap();
        let error = folder.own("ringway serve", at("2026-11-23T12:00:00Z")).unwrap_err();
        assert!(matches!(error, StateError::OwnedBy { owner: None, .. }), "{error}");
    }
}
