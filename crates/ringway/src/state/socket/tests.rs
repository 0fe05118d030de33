//! Asking over a socket, also with what no command of ours would send.

use super::*;
use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
enum Request {
    Double { number: u64 },
    Panic,
    Hang,
    Who,
}

async fn answer(request: Request, user: u32) -> u64 {
    match request {
        Request::Double { number } => number * 2,
        Request::Panic => panic!("a defect of the handler"),
        Request::Hang => std::future::pending().await,
        Request::Who => u64::from(user),
    }
}

const PATIENCE: Duration = Duration::from_secs(60);

/// An owner that answers until it is dropped.
struct Running {
    folder: tempfile::TempDir,
    _serving: JoinSet<()>,
}

impl Running {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = listen(&folder.path().join("owner.sock")).unwrap();
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, answer));
        Self { folder, _serving: serving }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("owner.sock")
    }

    async fn ask(&self, request: Request) -> Result<u64, SocketError> {
        ask(&self.path(), &request, PATIENCE).await
    }

    /// Sends bytes as they are and reads what comes back.
    async fn send(&self, bytes: &[u8]) -> Value {
        let (reading, mut writing) = UnixStream::connect(self.path()).await.unwrap().into_split();
        // The owner may hang up before it has taken everything.
        let _ = writing.write_all(bytes).await;
        serde_json::from_slice(&read_line(reading).await.unwrap()).unwrap()
    }

    async fn still_answers(&self) {
        assert_eq!(self.ask(Request::Double { number: 21 }).await.unwrap(), 42);
    }
}

#[tokio::test]
async fn a_request_is_answered() {
    let owner = Running::start();
    owner.still_answers().await;
    assert_eq!(owner.path().metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn the_owner_is_told_who_asks() {
    let owner = Running::start();
    let user = owner.ask(Request::Who).await.unwrap();
    assert_eq!(user, u64::from(rustix::process::getuid().as_raw()));
}

#[tokio::test]
async fn what_is_no_request_is_refused_with_the_reason() {
    let owner = Running::start();
    for (line, reason) in [
        ("not JSON\n", "not a request"),
        ("\n", "not a request"),
        ("{}\n", "missing field `version`"),
        ("{\"version\":1}\n", "missing field `request`"),
        ("{\"version\":1,\"request\":{\"request\":\"dance\"}}\n", "unknown variant `dance`"),
        ("{\"version\":2,\"anything\":true}\n", "it has version 2, the owner speaks version 1"),
        ("\u{0}\u{1}\n", "not a request"),
    ] {
        let answer = owner.send(line.as_bytes()).await;
        assert_eq!(answer["version"], json!(1));
        assert!(answer["refused"].as_str().unwrap().contains(reason), "{line}: {answer}");
    }
    let answer = owner.send(b"\xff\xfe\n").await;
    assert!(answer["refused"].as_str().unwrap().contains("not a request"), "{answer}");
    owner.still_answers().await;
}

#[tokio::test]
async fn a_line_that_never_ends_is_not_kept() {
    let owner = Running::start();
    let too_long = vec![b'x'; usize::try_from(MAX_LINE_BYTES).unwrap()];
    let answer = owner.send(&too_long).await;
    assert!(answer["refused"].as_str().unwrap().contains("longer than"), "{answer}");
    owner.still_answers().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_given_up() {
    let owner = Running::start();
    let answer = owner.send(b"{\"version\":1,").await;
    assert!(answer["refused"].as_str().unwrap().contains("no whole line arrived within 10 s"), "{answer}");
}

#[tokio::test]
async fn a_client_that_goes_away_harms_nobody() {
    let owner = Running::start();
    for bytes in
        [&b""[..], b"{\"vers", b"{\"version\":1,\"request\":{\"request\":\"double\",\"number\":1}}\n"]
    {
        let mut stream = UnixStream::connect(owner.path()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        drop(stream);
    }
    owner.still_answers().await;
}

#[tokio::test]
async fn a_panic_of_the_handler_is_one_clients_trouble() {
    let owner = Running::start();
    let error = owner.ask(Request::Panic).await.unwrap_err();
    assert!(matches!(error, SocketError::Broken { .. }), "{error}");
    owner.still_answers().await;
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_does_not_answer_is_given_up() {
    let owner = Running::start();
    let error = owner.ask(Request::Hang).await.unwrap_err();
    assert!(matches!(error, SocketError::TimedOut { waited: PATIENCE, .. }), "{error}");
}

#[tokio::test]
async fn slow_requests_do_not_keep_others_waiting() {
    let owner = Running::start();
    let hanging = owner.ask(Request::Hang);
    tokio::select! {
        biased;
        _ = hanging => panic!("nobody answers this"),
        () = owner.still_answers() => {}
    }
}

#[tokio::test]
async fn without_an_owner_the_client_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("owner.sock");
    let nobody = || async { ask::<_, u64>(&path, &Request::Hang, PATIENCE).await.unwrap_err() };
    let error = nobody().await;
    assert!(matches!(error, SocketError::NobodyListens { .. }), "{error}");

    // What a crash leaves: the file stays, and nobody is behind it.
    drop(listen(&path).unwrap());
    assert!(path.exists());
    let error = nobody().await;
    assert!(matches!(error, SocketError::NobodyListens { .. }), "{error}");
    let listener = listen(&path).unwrap();
    let mut serving = JoinSet::new();
    serving.spawn(serve(listener, answer));
    assert_eq!(ask::<_, u64>(&path, &Request::Double { number: 2 }, PATIENCE).await.unwrap(), 4);
}

#[tokio::test]
async fn a_request_that_is_too_long_is_not_sent() {
    let owner = Running::start();
    let long = "x".repeat(usize::try_from(MAX_LINE_BYTES).unwrap());
    let error = ask::<_, u64>(&owner.path(), &long, PATIENCE).await.unwrap_err();
    assert!(matches!(error, SocketError::Unsendable { .. }), "{error}");
}

#[tokio::test]
async fn an_answer_of_another_form_is_named() {
    let owner = Running::start();
    let error = ask::<_, String>(&owner.path(), &Request::Double { number: 1 }, PATIENCE).await.unwrap_err();
    assert!(matches!(error, SocketError::Unreadable { .. }), "{error}");
}

#[test]
fn a_path_that_does_not_fit_into_an_address_is_named() {
    let path = Path::new("/tmp").join("x".repeat(MAX_PATH_BYTES)).join("owner.sock");
    let error = listen(&path).unwrap_err();
    assert!(matches!(error, SocketError::PathTooLong { .. }), "{error}");
    assert!(error.to_string().contains("choose a state folder with a shorter path"), "{error}");
}
