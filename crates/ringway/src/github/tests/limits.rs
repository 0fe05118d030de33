//! Rate limits: when they are recognised, until when they hold, and that nothing is asked meanwhile.

use super::{
    begin, kind, repository,
    scripted::{Reply, Server, ok, with},
    seconds, user,
};
use crate::github::GithubError;
use jiff::SignedDuration;
use serde_json::{Value, json};

const REPOSITORY: &str = "GET /repos/acme/app";
const DATE: (&str, &str) = ("date", "Mon, 23 Nov 2026 08:00:00 GMT");

/// For how many seconds nothing is asked after this answer.
async fn away(reply: Reply) -> Option<i64> {
    let server = Server::new();
    server.on(REPOSITORY, reply).on(REPOSITORY, ok(&repository()));
    let client = user(&server);
    let GithubError::RateLimited { until, message } = client.repository("acme/app").await.unwrap_err() else {
        return None;
    };
    assert!(
        message.contains("reading repository acme/app") && message.contains(&until.to_string()),
        "{message}"
    );
    let away = until.duration_since(begin()).as_secs();
    tokio::time::advance(seconds(u64::try_from(away).unwrap() - 1)).await;
    assert_eq!(kind(client.repository("acme/app").await), "rate limited");
    assert_eq!(server.seen().len(), 1, "nothing is sent while the limit holds");
    tokio::time::advance(seconds(1)).await;
    assert_eq!(kind(client.repository("acme/app").await), "fine");
    Some(away)
}

#[tokio::test(start_paused = true)]
async fn each_way_of_saying_too_much_has_an_end() {
    let reset = (begin() + SignedDuration::from_mins(10)).as_second().to_string();
    let long = (begin() + SignedDuration::from_hours(48)).as_second().to_string();
    let past = (begin() - SignedDuration::from_mins(1)).as_second().to_string();
    let secondary = json!({ "message": "You have exceeded a secondary rate limit. Please wait." });
    let used_up = ("x-ratelimit-remaining", "0");
    /// The status, the headers, the body, and the seconds until its end.
    type Row<'a> = (u16, Vec<(&'static str, &'a str)>, &'a Value, Option<i64>);
    let table: [Row<'_>; 11] = [
        (403, vec![("retry-after", "90")], &Value::Null, Some(90)),
        (429, vec![("retry-after", "30"), used_up, ("x-ratelimit-reset", &reset)], &Value::Null, Some(30)),
        (403, vec![used_up, ("x-ratelimit-reset", &reset)], &Value::Null, Some(600)),
        (429, vec![used_up, ("x-ratelimit-reset", &reset)], &Value::Null, Some(600)),
        (403, vec![("x-ratelimit-remaining", "42"), ("x-ratelimit-reset", &reset)], &secondary, Some(60)),
        (403, vec![], &secondary, Some(60)),
        (429, vec![], &Value::Null, Some(60)),
        (429, vec![("retry-after", "soon")], &Value::Null, Some(60)),
        (403, vec![("retry-after", "999999999")], &Value::Null, Some(3660)),
        (403, vec![used_up, ("x-ratelimit-reset", &long)], &Value::Null, Some(3660)),
        (403, vec![("x-ratelimit-remaining", "42"), ("x-ratelimit-reset", &reset)], &Value::Null, None),
    ];
    for (status, mut headers, body, expected) in table {
        headers.push(DATE);
        assert_eq!(away(with(status, &headers, body)).await, expected, "{status} {headers:?} {body}");
    }
    assert_eq!(away(with(403, &[DATE, used_up, ("x-ratelimit-reset", &past)], &Value::Null)).await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_limit_is_in_the_time_of_whoever_set_it() {
    let reset = (begin() + SignedDuration::from_mins(70)).as_second().to_string();
    let headers = [
        ("date", "Mon, 23 Nov 2026 09:00:00 GMT"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", reset.as_str()),
    ];
    assert_eq!(away(with(403, &headers, &Value::Null)).await, Some(600));
}

#[tokio::test(start_paused = true)]
async fn the_last_request_that_is_allowed_is_the_last_that_is_sent() {
    let server = Server::new();
    let reset = (begin() + SignedDuration::from_mins(10)).as_second().to_string();
    let headers = [DATE, ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset.as_str())];
    server.on(REPOSITORY, with(200, &headers, &repository())).on(REPOSITORY, ok(&repository()));
    let client = user(&server);
    assert_eq!(kind(client.repository("acme/app").await), "fine");
    assert_eq!(kind(client.create_comment("acme/app", 5, "text", "marker").await), "rate limited");
    assert_eq!(server.seen().len(), 1);
    tokio::time::advance(seconds(600)).await;
    assert_eq!(kind(client.repository("acme/app").await), "fine");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_sent_away_again_and_again_stays_away_longer() {
    let server = Server::new();
    let secondary = json!({ "message": "You have triggered an abuse detection mechanism" });
    for _ in 0..6 {
        server.on(REPOSITORY, with(403, &[], &secondary));
    }
    server.on(REPOSITORY, ok(&repository())).on(REPOSITORY, with(403, &[], &secondary));
    let client = user(&server);
    let mut waits = Vec::new();
    let mut now = begin();
    for _ in 0..8 {
        match client.repository("acme/app").await {
            Err(GithubError::RateLimited { until, .. }) => {
                let away = until.duration_since(now);
                waits.push(away.as_secs());
                tokio::time::advance(away.unsigned_abs()).await;
                now = until;
            }
            other => assert!(other.is_ok()),
        }
    }
    assert_eq!(waits, [60, 120, 240, 480, 960, 960, 60]);
}
