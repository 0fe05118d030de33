//! Who asked for something, as the operating system knows it.
//!
//! Nobody is believed about who they are: the user is that of the process, or what the kernel says of the other end of
//! the socket.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Where user names are looked up. Names that are only in a directory service are not found: then the number stands alone.
const USERS: &str = "/etc/passwd";

/// Who asked for something, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// The name of the user, if this machine knows it.
    pub user: Option<String>,
    /// The number of the user; `None` when nobody asked but the program itself.
    pub uid: Option<u32>,
    /// From where.
    pub from: Origin,
}

/// From where something was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The command line of the process that does it.
    CommandLine,
    /// Another command, over the socket of the state folder.
    Socket,
    /// Nobody: the program decided it.
    Program,
}

impl Origin {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CommandLine => "command line",
            Self::Socket => "socket",
            Self::Program => "ringway itself",
        }
    }
}

impl Asker {
    /// The user of this process.
    pub fn process() -> Self {
        Self::user(rustix::process::getuid().as_raw(), Origin::CommandLine)
    }

    /// The user of the process at the other end of a socket.
    pub fn peer(uid: u32) -> Self {
        Self::user(uid, Origin::Socket)
    }

    /// The program itself. Depends on nothing outside.
    pub fn program() -> Self {
        Self { user: None, uid: None, from: Origin::Program }
    }

    fn user(uid: u32, from: Origin) -> Self {
        let users = std::fs::read_to_string(USERS).unwrap_or_default();
        Self { user: name(&users, uid), uid: Some(uid), from }
    }
}

impl fmt::Display for Asker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.user, self.uid) {
            (Some(user), Some(uid)) => write!(formatter, "{user} (uid {uid})"),
            (None, Some(uid)) => write!(formatter, "uid {uid}"),
            (user, None) => formatter.write_str(user.as_deref().unwrap_or("ringway")),
        }
    }
}

/// The name of a user in a file such as `/etc/passwd` (passwd(5): `name:password:uid:…`).
fn name(users: &str, uid: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number.parse() == Ok(uid) && !name.is_empty()).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_the_name_that_the_machine_knows() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbroken\n:x:7:\nalice:x:1000:1000::/home/alice:/bin/sh\n";
        assert_eq!(name(users, 0).as_deref(), Some("root"));
        assert_eq!(name(users, 1000).as_deref(), Some("alice"));
        for unknown in [7, 100, 10_000] {
            assert_eq!(name(users, unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_user_without_a_name_is_a_number() {
        let asker = Asker { user: None, uid: Some(4711), from: Origin::Socket };
        assert_eq!(asker.to_string(), "uid 4711");
        assert_eq!(Asker { user: Some("alice".into()), ..asker }.to_string(), "alice (uid 4711)");
        assert_eq!(Asker::program().to_string(), "ringway");
    }

    #[test]
    fn this_process_is_somebody() {
        let asker = Asker::process();
        assert_eq!((asker.uid, asker.from), (Some(rustix::process::getuid().as_raw()), Origin::CommandLine));
    }
}
