//! Limits, and what goes wrong.

use super::*;

#[test]
fn the_primary_limit_is_counted_down_and_begins_anew_after_an_hour() {
    let mut world = World::new();
    world.github().limits.hourly = 2;
    assert_eq!(world.here("").header("x-ratelimit-remaining"), "1");
    assert_eq!(world.get("/rate_limit").body["rate"]["remaining"], 1, "asking does not count");
    world.here("");
    let refused = world.here("");
    assert!(
        refused.status == 403 && refused.message().1.starts_with("API rate limit exceeded"),
        "{}",
        refused.body
    );
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    let reset: i64 = refused.header("x-ratelimit-reset").parse().unwrap();
    let wait = reset - world.model.now().as_second();
    assert!(wait > 0 && wait <= 3_600, "{wait}");
    world.pass(wait);
    let installation = world.installation;
    let fresh = world.github().installation_token(installation).unwrap();
    assert_eq!(world.as_token(&fresh, |world| world.here("")).status, 200);
}

#[test]
fn content_is_limited_to_80_in_a_minute_and_points_to_900() {
    let mut world = World::new();
    let write = |world: &mut World| world.send("POST", "/issues/1/comments", &json!({"body": "Hello"}));
    for _ in 0..80 {
        assert_eq!(write(&mut world).status, 201);
    }
    let refused = write(&mut world);
    assert!(
        refused.status == 403 && refused.message().1.contains("secondary rate limit"),
        "{}",
        refused.body
    );
    assert_eq!(refused.header("retry-after"), "60");
    for _ in 0..500 {
        assert_eq!(world.here("/pulls/1").status, 200);
    }
    assert_eq!(world.here("/pulls/1").status, 403, "80 writes of 5 points and 500 questions of one");
    world.pass(60);
    assert_eq!(write(&mut world).status, 201);
}

#[test]
fn each_fault_that_is_switched_on_happens_once_to_the_next_request_it_is_for() {
    let mut world = World::new();
    let comments = "/repos/acme/atlas-metastore/issues/1/comments";
    let cases = [
        (Fault::FailsBefore(502), 502, 0),
        (Fault::FailsAfter(502), 502, 1),
        (Fault::SecondaryLimit(Some(30)), 403, 1),
        (Fault::SecondaryLimit(None), 403, 1),
        (Fault::TooManyRequests(Some(5)), 429, 1),
        (Fault::Unauthorized, 401, 1),
        (Fault::Truncated, 201, 2),
        (Fault::PrimaryLimit, 403, 2),
    ];
    for (fault, status, comments_then) in cases {
        world.github().faults.next(Scope::WritesTo("/comments"), fault);
        assert_eq!(world.here("/pulls/1").status, 200, "it is for writes only");
        let got = world.ask_with("POST", comments, &[], "{\"body\": \"Hello\"}");
        let pull = world.model.github.known_pull(world.repository, 1).unwrap();
        assert_eq!((got.status, pull.comments.len()), (status, comments_then), "{fault:?}");
        assert!(world.github().faults.are_over());
    }
    assert_eq!(world.here("/pulls/1").header("x-ratelimit-remaining"), "0");
}

#[test]
fn a_fault_tells_how_the_answer_travels() {
    let mut world = World::new();
    let request = || {
        let request = Request::builder().uri("/rate_limit").header("user-agent", "test");
        request.header("authorization", "Bearer none").body(Bytes::new()).unwrap()
    };
    world.github().faults.next(Scope::Any, Fault::Slow(Duration::from_secs(9)));
    world.github().faults.next(Scope::Any, Fault::Truncated);
    let (slow, cut) = (world.github().handle(&request()), world.github().handle(&request()));
    assert_eq!((slow.delay, slow.truncated), (Duration::from_secs(9), false));
    assert_eq!((cut.delay, cut.truncated), (Duration::ZERO, true));
}

#[test]
fn chance_comes_from_the_seed() {
    let run = || {
        let mut world = World::new();
        world.github().faults.chances = FaultChances {
            fails_before: 20,
            secondary_limit: 10,
            unauthorized: 5,
            ..FaultChances::default()
        };
        (0..100).map(|_| world.here("").status).collect::<Vec<_>>()
    };
    let first = run();
    assert_eq!(first, run());
    for status in [200, 401, 403, 502] {
        assert!(first.contains(&status), "{status} never happened");
    }
}

#[test]
fn calls_are_counted_by_what_they_do() {
    let mut world = World::new();
    world.here("/pulls");
    world.send("POST", "/issues/1/comments", &json!({"body": "Hello"}));
    let path = format!("/statuses/{}", world.commit);
    world.send("POST", &path, &json!({"state": "pending"}));
    let expected = Calls { total: 3, content: 2, ..Calls::default() };
    assert_eq!(world.github().calls, expected);
}
