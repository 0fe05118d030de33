//! Who asked for something, as the operating system or GitHub knows it.
//!
//! Nobody is believed about who they are: the user is that of the process, what the kernel says of the other end of the
//! socket, or what GitHub says of who did something to a pull request.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Where user names are looked up. Names that are only in a directory service are not found: then the number stands alone.
const USERS: &str = "/etc/passwd";

/// Who asked for something, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// The name of the user, if this machine knows it; the login of a person on GitHub.
    pub user: Option<String>,
    /// The number of the user on this machine; `None` for a person on GitHub, and when nobody asked but the program itself.
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
    /// A pull request.
    PullRequest,
    /// Nobody: the program decided it.
    Program,
}

impl Origin {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CommandLine => "command line",
            Self::Socket => "socket",
            Self::PullRequest => "pull request",
            Self::Program => "ringway itself",
        }
    }

    /// Whether somebody typed it on this machine. What is not follows from a pull request, or from nothing at all.
    pub fn is_typed(self) -> bool {
        matches!(self, Self::CommandLine | Self::Socket)
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

    /// Whoever did something to a pull request, such as set a label, by their login.
    pub fn github(login: &str) -> Self {
        Self { user: Some(login.to_owned()), uid: None, from: Origin::PullRequest }
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
        assert_eq!(Asker::github("octocat").to_string(), "octocat");
    }

    #[test]
    fn this_process_is_somebody() {
        let asker = Asker::process();
        assert_eq!((asker.uid, asker.from), (Some(rustix::process::getuid().as_raw()), Origin::CommandLine));
    }
}
