//! The owner's socket: one request and one answer per connection, each one line of JSON with the version of this form.
//!
//! What requests and answers are is up to the caller. Only processes of the same user can connect.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fs, io,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixSocket, UnixStream},
    task::JoinSet,
    time::timeout,
};

/// The version of the form. One that does not match is refused: owner and client come from the same installation.
const VERSION: u32 = 1;

/// The longest line. A release of ten thousand tenants fits.
const MAX_LINE_BYTES: u64 = 4 << 20;

/// How long a client may take to send its request or to take its answer.
const LINE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to leave the listener alone when it cannot accept, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The longest path that fits into a socket address, its terminator left out (unix(7): 108 bytes, on macOS 104).
const MAX_PATH_BYTES: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// The owner cannot listen, or could not be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SocketError {
    /// The path does not fit into a socket address.
    #[error("the path of the socket {} has {length} bytes, at most {MAX_PATH_BYTES} are possible; choose a state folder with a shorter path", path.display())]
    PathTooLong {
        /// The socket.
        path: PathBuf,
        /// The length of its path in bytes.
        length: usize,
    },
    /// The socket cannot be created.
    #[error("cannot listen on the socket {}", path.display())]
    Listen {
        /// The socket.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// There is no owner: no socket, or one that a crash left behind.
    #[error("no process owns the state folder of {}; nothing is driven from it now", path.display())]
    NobodyListens {
        /// The socket.
        path: PathBuf,
    },
    /// The connection broke, such as because the owner ended.
    #[error("the owner of the state folder could not be asked over {}; look whether it still runs", path.display())]
    Broken {
        /// The socket.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The owner took too long.
    #[error("the owner of the state folder did not answer over {} within {} s; whether it did what it was asked to is not known: look with `ringway release list`", path.display(), waited.as_secs())]
    TimedOut {
        /// The socket.
        path: PathBuf,
        /// How long it had.
        waited: Duration,
    },
    /// The owner did not understand the request, or speaks another version.
    #[error("the owner of the state folder refused the request: {reason}")]
    Refused {
        /// What it said.
        reason: String,
    },
    /// The answer is not one.
    #[error(
        "the owner of the state folder gave an answer that this version does not understand; use the same version of ringway as the owner"
    )]
    Unreadable {
        /// What serde said.
        source: serde_json::Error,
    },
    /// The request cannot be sent.
    #[error("the request to the owner of the state folder cannot be sent: {reason}")]
    Unsendable {
        /// Why.
        reason: String,
    },
}

#[derive(Serialize, Deserialize)]
struct RequestLine<Q> {
    version: u32,
    request: Q,
}

#[derive(Serialize, Deserialize)]
struct AnswerLine<A> {
    version: u32,
    #[serde(flatten)]
    outcome: Outcome<A>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome<A> {
    Answer(A),
    Refused(String),
}

/// Listens on a socket that only this user can connect to. A socket that a crashed owner left is replaced, so only the
/// owner of the state folder may call this.
///
/// # Errors
///
/// If the path is too long or the socket cannot be created.
pub fn listen(path: &Path) -> Result<UnixListener, SocketError> {
    fits(path)?;
    let open = || {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let socket = UnixSocket::new_stream()?;
        socket.bind(path)?;
        // Before it listens: until then nobody can connect.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        socket.listen(64)
    };
    open().map_err(|source| SocketError::Listen { path: path.to_owned(), source })
}

/// Answers requests until it is dropped; what is being answered then is dropped as well. The handler is told the user id
/// of whoever asks.
pub async fn serve<Q, A, H, F>(listener: UnixListener, handler: H)
where
    Q: DeserializeOwned + Send + 'static,
    A: Serialize + Send + 'static,
    H: Fn(Q, u32) -> F + Clone + Send + 'static,
    F: Future<Output = A> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let handler = handler.clone();
                    connections.spawn(async move {
                        if let Err(error) = converse(stream, handler).await {
                            tracing::debug!(%error, "a client of the state folder's socket went away");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection on the state folder's socket");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "answering a request on the state folder's socket failed");
                }
            }
        }
    }
}

/// One connection: a line in, a line out.
async fn converse<Q, A, F>(stream: UnixStream, handler: impl FnOnce(Q, u32) -> F) -> io::Result<()>
where
    Q: DeserializeOwned,
    A: Serialize,
    F: Future<Output = A>,
{
    // As the kernel has it since the connection was made (unix(7), SO_PEERCRED).
    let user = stream.peer_cred()?.uid();
    let (reading, mut writing) = stream.into_split();
    let outcome = match timeout(LINE_TIMEOUT, read_line(reading)).await {
        Ok(line) => match line.and_then(|line| parse(&line)) {
            Ok(request) => Outcome::Answer(handler(request, user).await),
            Err(error) => Outcome::Refused(error.to_string()),
        },
        Err(_) => Outcome::Refused(format!("no whole line arrived within {} s", LINE_TIMEOUT.as_secs())),
    };
    let mut line = serde_json::to_vec(&AnswerLine { version: VERSION, outcome })?;
    line.push(b'\n');
    timeout(LINE_TIMEOUT, writing.write_all(&line)).await?
}

fn parse<Q: DeserializeOwned>(line: &[u8]) -> io::Result<Q> {
    /// Read first: a request of another version may have any form.
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let invalid = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
    let not_a_request = |error: serde_json::Error| invalid(format!("not a request: {error}"));
    let Versioned { version } = serde_json::from_slice(line).map_err(not_a_request)?;
    if version != VERSION {
        let reason = format!(
            "it has version {version}, the owner speaks version {VERSION}; use the same version of ringway"
        );
        return Err(invalid(reason));
    }
    serde_json::from_slice(line).map(|RequestLine { request, .. }| request).map_err(not_a_request)
}

/// One line, without reading more than may be kept.
async fn read_line(reading: impl AsyncRead + Unpin) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    BufReader::new(reading.take(MAX_LINE_BYTES)).read_until(b'\n', &mut line).await?;
    match line.last() {
        Some(b'\n') => Ok(line),
        _ if u64::try_from(line.len()).is_ok_and(|length| length >= MAX_LINE_BYTES) => {
            let reason = format!("the line is longer than {MAX_LINE_BYTES} bytes");
            Err(io::Error::new(io::ErrorKind::InvalidData, reason))
        }
        _ => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended within the line")),
    }
}

/// Asks the owner, and waits for its answer for at most `patience`.
///
/// # Errors
///
/// [`SocketError::NobodyListens`] if there is no owner, and others if it does not answer or refuses.
pub async fn ask<Q: Serialize, A: DeserializeOwned>(
    path: &Path,
    request: &Q,
    patience: Duration,
) -> Result<A, SocketError> {
    fits(path)?;
    let line = request_line(request)?;
    let line = timeout(patience, exchange(path, &line))
        .await
        .map_err(|_| SocketError::TimedOut { path: path.to_owned(), waited: patience })??;
    let AnswerLine { outcome, .. } =
        serde_json::from_slice(&line).map_err(|source| SocketError::Unreadable { source })?;
    match outcome {
        Outcome::Answer(answer) => Ok(answer),
        Outcome::Refused(reason) => Err(SocketError::Refused { reason }),
    }
}

fn request_line<Q: Serialize>(request: &Q) -> Result<Vec<u8>, SocketError> {
    let mut line = serde_json::to_vec(&RequestLine { version: VERSION, request })
        .map_err(|error| SocketError::Unsendable { reason: error.to_string() })?;
    line.push(b'\n');
    if u64::try_from(line.len()).is_ok_and(|length| length <= MAX_LINE_BYTES) {
        return Ok(line);
    }
    let reason =
        format!("it has {} bytes, at most {MAX_LINE_BYTES} are possible; ask for fewer tenants", line.len());
    Err(SocketError::Unsendable { reason })
}

async fn exchange(path: &Path, line: &[u8]) -> Result<Vec<u8>, SocketError> {
    let broken = |source| SocketError::Broken { path: path.to_owned(), source };
    let stream = UnixStream::connect(path).await.map_err(|source| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            SocketError::NobodyListens { path: path.to_owned() }
        }
        _ => broken(source),
    })?;
    let (reading, mut writing) = stream.into_split();
    writing.write_all(line).await.map_err(broken)?;
    read_line(reading).await.map_err(broken)
}

fn fits(path: &Path) -> Result<(), SocketError> {
    match path.as_os_str().as_bytes().len() {
        length if length <= MAX_PATH_BYTES => Ok(()),
        length => Err(SocketError::PathTooLong { path: path.to_owned(), length }),
    }
}

#[cfg(test)]
mod tests;
