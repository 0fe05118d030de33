//! Watches that break, expire and resume.

use super::scripted::{
    APPLICATIONS, Reply, Server, Step, application, bookmark, complete, event, ok, refused, seconds, status,
    status_body,
};
use crate::cluster::{ApplicationEvent, ApplicationStream, ClusterErrorKind};
use futures_util::StreamExt;
use release::application::ApplicationKey;
use serde_json::json;
use std::time::Duration;

fn watch(server: &Server, from: Option<&str>) -> ApplicationStream {
    let key = ApplicationKey {
        instance: "main".to_owned(),
        namespace: "argocd".to_owned(),
        name: "tenant-a".to_owned(),
    };
    server.client().watch_application(&key, from.map(str::to_owned))
}

/// The next `count` items in words.
async fn items(stream: &mut ApplicationStream, count: usize) -> Vec<String> {
    let mut words = Vec::new();
    while words.len() < count {
        words.push(match stream.next().await {
            Some(Ok(ApplicationEvent::Changed(application))) => application.metadata.resource_version,
            Some(Ok(ApplicationEvent::Deleted)) => "deleted".to_owned(),
            Some(Ok(ApplicationEvent::Interrupted { .. })) => "interrupted".to_owned(),
            Some(Ok(ApplicationEvent::Resumed)) => "resumed".to_owned(),
            Some(Err(error)) => error.kind.code().to_owned(),
            None => "end".to_owned(),
        });
    }
    words
}

fn added(version: &str) -> Step {
    event("ADDED", &application("tenant-a", version))
}

fn modified(version: &str) -> Step {
    event("MODIFIED", &application("tenant-a", version))
}

#[tokio::test(start_paused = true)]
async fn the_state_comes_first_and_then_every_change_in_one_request() {
    let server = Server::new();
    let deleted = event("DELETED", &application("tenant-a", "8"));
    server.on(
        APPLICATIONS,
        Reply::Watch(vec![
            added("5"),
            complete("6"),
            Step::Wait(seconds(60)),
            modified("7"),
            deleted,
            Step::Silence,
        ]),
    );
    assert_eq!(items(&mut watch(&server, None), 3).await, ["5", "7", "deleted"]);
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        seen[0].query,
        "watch=true&allowWatchBookmarks=true&timeoutSeconds=290&fieldSelector=metadata.name%3Dtenant-a&\
         sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
    );
}

#[tokio::test(start_paused = true)]
async fn an_application_that_is_not_there_is_told_too() {
    let server = Server::new();
    server.on(APPLICATIONS, Reply::Watch(vec![complete("6"), added("7"), Step::Silence]));
    assert_eq!(items(&mut watch(&server, None), 2).await, ["deleted", "7"]);
}

#[tokio::test(start_paused = true)]
async fn a_known_version_is_gone_on_from() {
    let server = Server::new();
    server.on(APPLICATIONS, Reply::Watch(vec![modified("7"), Step::Silence]));
    assert_eq!(items(&mut watch(&server, Some("6")), 1).await, ["7"]);
    assert!(server.seen()[0].query.ends_with("&resourceVersion=6"), "{}", server.seen()[0].query);
}

#[tokio::test(start_paused = true)]
async fn events_may_be_cut_anywhere() {
    let whole = [added("5"), complete("6"), modified("7")];
    let text: String =
        whole.iter().map(|step| if let Step::Send(text) = step { text.as_str() } else { "" }).collect();
    for size in [1, 7, 64, 1_000] {
        let pieces: Vec<Step> = text
            .as_bytes()
            .chunks(size)
            .flat_map(|piece| {
                [Step::Send(String::from_utf8(piece.to_vec()).unwrap()), Step::Wait(seconds(1))]
            })
            .chain([Step::Silence])
            .collect();
        let server = Server::new();
        server.on(APPLICATIONS, Reply::Watch(pieces));
        assert_eq!(items(&mut watch(&server, None), 2).await, ["5", "7"], "pieces of {size}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_connection_loses_nothing_and_is_not_worth_a_word() {
    let server = Server::new();
    let cut = Step::Send("{\"type\":\"MODIFIED\",\"object\":{\"metad".to_owned());
    server
        .on(
            APPLICATIONS,
            Reply::Watch(vec![
                added("5"),
                complete("6"),
                modified("7"),
                Step::Wait(seconds(20)),
                cut,
                Step::Break,
            ]),
        )
        .on(APPLICATIONS, Reply::Watch(vec![modified("8"), bookmark("19"), Step::Wait(seconds(290))]))
        .on(APPLICATIONS, Reply::Watch(vec![modified("20"), Step::Silence]));
    assert_eq!(items(&mut watch(&server, None), 4).await, ["5", "7", "8", "20"]);
    let seen = server.seen();
    assert!(seen[1].query.ends_with("&resourceVersion=7"), "{}", seen[1].query);
    assert_eq!(seen[1].after, seconds(20), "a connection that was good is replaced at once");
    assert!(seen[2].query.ends_with("&resourceVersion=19"), "{}", seen[2].query);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_too_old_is_read_anew() {
    let gone = status_body(410, "Expired", "too old resource version", json!({}));
    let server = Server::new();
    server
        .on(APPLICATIONS, Reply::Watch(vec![added("5"), complete("6"), event("ERROR", &gone)]))
        .on(APPLICATIONS, Reply::Watch(vec![added("8"), complete("9"), Step::Wait(seconds(9)), Step::Break]))
        .on(APPLICATIONS, status(410, "Expired", "too old resource version", json!({})))
        .on(APPLICATIONS, Reply::Watch(vec![complete("30"), Step::Silence]));
    assert_eq!(items(&mut watch(&server, None), 3).await, ["5", "8", "deleted"]);
    let fresh: Vec<bool> =
        server.seen().iter().map(|seen| seen.query.contains("sendInitialEvents")).collect();
    assert_eq!(fresh, [true, true, false, true]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_minutes_is_told_and_survived() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let server = Server::new();
        server.on(
            APPLICATIONS,
            Reply::Watch(vec![added("5"), complete("6"), Step::Wait(seconds(9)), Step::Break]),
        );
        for _ in 0..40 {
            server.on(APPLICATIONS, refused());
        }
        server.on(APPLICATIONS, Reply::Watch(vec![modified("7"), Step::Silence]));
        let mut stream = watch(&server, None);
        assert_eq!(items(&mut stream, 1).await, ["5"]);
        let mut longest = Duration::ZERO;
        loop {
            match stream.next().await {
                Some(Ok(ApplicationEvent::Interrupted { lasting, error })) => {
                    assert!(lasting >= longest);
                    assert!(matches!(error.kind, ClusterErrorKind::Unreachable { .. }), "{error}");
                    longest = lasting;
                }
                Some(Ok(ApplicationEvent::Resumed)) => break,
                other => panic!("unexpected {other:?}"),
            }
        }
        assert!(longest > seconds(150) && longest < seconds(260), "{longest:?}");
        assert_eq!(items(&mut stream, 1).await, ["7"]);
        assert!(server.seen().last().unwrap().query.ends_with("&resourceVersion=6"));
        runs.push(server.seen().iter().map(|seen| seen.after).collect::<Vec<_>>());
    }
    assert_eq!(runs[0], runs[1], "waiting is not random");
}

#[tokio::test(start_paused = true)]
async fn what_the_server_asks_for_is_waited() {
    let server = Server::new();
    let slow = Reply::Answer(429, vec![("retry-after", "20".to_owned())], "slow".to_owned());
    server.on(APPLICATIONS, slow).on(APPLICATIONS, Reply::Watch(vec![complete("1"), Step::Silence]));
    assert_eq!(items(&mut watch(&server, None), 3).await, ["interrupted", "resumed", "deleted"]);
    assert_eq!(server.seen()[1].after, seconds(20));
}

#[tokio::test(start_paused = true)]
async fn a_missing_right_ends_it_but_not_while_the_server_starts() {
    let denied = || status(403, "Forbidden", "cannot watch", json!({}));
    let server = Server::new();
    server.on(APPLICATIONS, denied());
    assert_eq!(items(&mut watch(&server, None), 2).await, ["denied", "end"]);

    let server = Server::new();
    server.on(APPLICATIONS, refused()).on(APPLICATIONS, denied());
    server.on(APPLICATIONS, Reply::Watch(vec![complete("1"), Step::Silence]));
    assert_eq!(
        items(&mut watch(&server, None), 4).await,
        ["interrupted", "interrupted", "resumed", "deleted"]
    );

    let server = Server::new();
    server.on(APPLICATIONS, refused());
    for _ in 0..40 {
        server.on(APPLICATIONS, denied());
    }
    let mut stream = watch(&server, None);
    let mut words = Vec::new();
    while words.last().is_none_or(|word| word == "interrupted") {
        words.extend(items(&mut stream, 1).await);
    }
    assert_eq!(words.last().unwrap(), "denied", "a refusal that stays is believed");
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_replaced() {
    let server = Server::new();
    server
        .on(APPLICATIONS, Reply::Watch(vec![added("5"), complete("6"), Step::Silence]))
        .on(APPLICATIONS, Reply::Watch(vec![modified("7"), Step::Silence]));
    assert_eq!(items(&mut watch(&server, None), 2).await, ["5", "7"]);
    assert_eq!(server.seen()[1].after, seconds(75));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_closes_every_watch_is_not_asked_all_the_time() {
    let server = Server::new();
    for _ in 0..100 {
        server.on(APPLICATIONS, Reply::Watch(vec![]));
    }
    let mut stream = watch(&server, Some("1"));
    let told = items(&mut stream, 20).await;
    assert!(told.iter().any(|word| word == "interrupted"), "{told:?}");
    let seen = server.seen();
    assert!(
        seen.last().unwrap().after > seconds(30),
        "{} requests in {:?}",
        seen.len(),
        seen.last().unwrap().after
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_begin_with_what_is_there_is_asked_with_a_list() {
    let causes = json!({ "causes": [{ "field": "sendInitialEvents", "message": "forbidden" }] });
    let server = Server::new();
    let list = |version: &str| {
        ok(&json!({ "metadata": { "resourceVersion": version }, "items": [application("tenant-a", "5")] }))
    };
    server
        .on(APPLICATIONS, status(422, "Invalid", "sendInitialEvents is forbidden", causes))
        .on(APPLICATIONS, list("6"))
        .on(APPLICATIONS, Reply::Watch(vec![modified("7"), Step::Silence]))
        .on(APPLICATIONS, list("8"));
    let client = server.client();
    let key = ApplicationKey {
        instance: "main".to_owned(),
        namespace: "argocd".to_owned(),
        name: "tenant-a".to_owned(),
    };
    assert_eq!(items(&mut client.watch_application(&key, None), 2).await, ["5", "7"]);
    assert_eq!(items(&mut client.watch_application(&key, None), 1).await, ["5"]);
    let queries: Vec<String> = server.seen().into_iter().map(|seen| seen.query).collect();
    assert_eq!(queries[1], "limit=500&fieldSelector=metadata.name%3Dtenant-a");
    assert!(queries[2].ends_with("&resourceVersion=6"), "{}", queries[2]);
    assert_eq!(queries[3], queries[1], "it is remembered");
    assert_eq!(server.seen()[3].after, Duration::ZERO, "nothing of this is worth waiting for");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_says_that_this_is_all_is_asked_with_a_list() {
    let server = Server::new();
    let list = json!({ "metadata": { "resourceVersion": "6" }, "items": [application("tenant-a", "5")] });
    server.on(APPLICATIONS, Reply::Watch(vec![added("5"), Step::Silence])).on(APPLICATIONS, ok(&list));
    assert_eq!(items(&mut watch(&server, None), 1).await, ["5"]);
    assert_eq!(server.seen()[1].after, seconds(30));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_no_application_ends_it() {
    let server = Server::new();
    let broken =
        event("MODIFIED", &json!({ "metadata": { "name": "tenant-a", "resourceVersion": "7" }, "spec": 3 }));
    server.on(APPLICATIONS, Reply::Watch(vec![added("5"), complete("6"), broken]));
    assert_eq!(items(&mut watch(&server, None), 3).await, ["5", "malformed_answer", "end"]);
}
