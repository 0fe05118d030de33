//! Who may do what.

use super::*;

#[test]
fn nobody_gets_in_without_a_token_that_is_good() {
    let mut world = World::new();
    for (authorization, message) in [
        ("", "Requires authentication"),
        ("Bearer ghs_wrong", "Bad credentials"),
        ("Basic YTpi", "Bad credentials"),
        ("Bearer a.b.c", "A JSON web token could not be decoded"),
    ] {
        let got = world.ask_with("GET", "/rate_limit", &[("authorization", authorization)], "");
        assert_eq!(got.message(), (401, message), "{authorization}");
    }
}

#[test]
fn a_token_of_an_installation_is_good_for_an_hour() {
    let mut world = World::new();
    let (id, path) = (world.installation, format!("/app/installations/{}/access_tokens", world.installation));
    let made = world.as_app(|world| world.ask_with("POST", &path, &[], ""));
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["expires_at"], "2023-11-14T23:13:20Z");
    assert_eq!(made.body["permissions"]["checks"], "write");
    let token = made.body["token"].as_str().unwrap().to_owned();
    world.pass(3_599);
    assert_eq!(world.as_token(&token, |world| world.here("")).status, 200);
    world.pass(1);
    assert_eq!(world.as_token(&token, |world| world.here("")).message(), (401, "Bad credentials"));
    let fresh = world.github().installation_token(id).unwrap();
    world.github().installation_mut(id).unwrap().suspended = true;
    assert_eq!(world.as_token(&fresh, |world| world.here("")).status, 403);
}

#[test]
fn a_web_token_says_who_for_at_most_ten_minutes_and_not_from_the_future() {
    let mut world = World::new();
    let ask = |world: &mut World, token: &str| world.as_token(token, |world| world.get("/app"));
    let good = world.web_token(-60, 540);
    let got = ask(&mut world, &good);
    assert_eq!((got.status, &got.body["slug"]), (200, &json!("ringmaster")));
    assert_eq!(world.github().calls.unverified_tokens, 1);
    for (issued, ends, part) in
        [(30, 540, "'iat'"), (-60, 700, "too far"), (-700, 60, "too far"), (-60, -1, "'exp'")]
    {
        let token = world.web_token(issued, ends);
        let got = ask(&mut world, &token);
        assert!(got.status == 401 && got.message().1.contains(part), "{} {}", got.status, got.body);
    }
    let now = world.model.now().as_second();
    let stranger = world.signed(&json!({"iat": now - 60, "exp": now + 60, "iss": "7"}));
    assert_eq!(ask(&mut world, &stranger).message(), (401, "Integration not found"));
    let app = world.app;
    let client = world.github().app(app).unwrap().client_id.clone();
    let by_client = world.signed(&json!({"iat": now - 60, "exp": now + 60, "iss": client}));
    assert_eq!(ask(&mut world, &by_client).status, 200);
}

#[test]
fn an_app_finds_where_it_is_installed() {
    let mut world = World::new();
    let got = world.as_app(|world| world.here("/installation"));
    assert_eq!((got.status, &got.body["id"]), (200, &json!(world.installation)));
    let got = world.as_app(|world| world.get("/app/installations"));
    assert_eq!(got.body[0]["account"]["login"], "acme");
    assert_eq!(world.here("/installation").status, 401, "only with a web token");
    world.github().repository("elsewhere/private", "main");
    let got = world.as_app(|world| world.get("/repos/elsewhere/private/installation"));
    assert_eq!(got.status, 404);
}

#[test]
fn a_token_can_be_asked_for_less_and_never_for_more() {
    let mut world = World::new();
    let (path, repository) =
        (format!("/app/installations/{}/access_tokens", world.installation), world.repository);
    let mut ask = |body: Value| world.as_app(|world| world.ask_with("POST", &path, &[], &body.to_string()));
    let less = ask(json!({"permissions": {"contents": "read"}, "repository_ids": [repository]}));
    assert_eq!((less.status, &less.body["repository_selection"]), (201, &json!("selected")));
    assert_eq!(less.body["permissions"], json!({"contents": "read", "metadata": "read"}));
    assert_eq!(ask(json!({"permissions": {"contents": "write"}})).status, 422);
    assert_eq!(ask(json!({"repository_ids": [1]})).status, 422);
    let token = less.body["token"].as_str().unwrap().to_owned();
    let got = world.as_token(&token, |world| world.here("/pulls"));
    assert_eq!(got.message(), (403, "Resource not accessible by integration"));
    assert_eq!(got.header("x-accepted-github-permissions"), "pull_requests=read");
    assert_eq!(world.as_token(&token, |world| world.here("/commits/master")).status, 200);
}

#[test]
fn what_was_not_granted_is_forbidden_and_what_may_not_be_seen_is_not_found() {
    let mut world = World::new();
    let commit = world.commit.clone();
    let installation = world.installation;
    let cases = [
        ("contents", "GET", "/contents/README.md".to_owned(), "contents=read"),
        ("actions", "GET", "/actions/runs/1/jobs".to_owned(), "actions=read"),
        ("issues", "GET", "/issues/1/events".to_owned(), "issues=read"),
        ("checks", "POST", "/check-runs".to_owned(), "checks=write"),
        ("statuses", "POST", format!("/statuses/{commit}"), "statuses=write"),
    ];
    for (name, method, path, needed) in cases {
        let given = world.github().installation_mut(installation).unwrap().permissions.remove(name).unwrap();
        let got = world.send(method, &path, &json!({}));
        assert_eq!((got.status, got.header("x-accepted-github-permissions")), (403, needed));
        world.github().installation_mut(installation).unwrap().permissions.insert(name.to_owned(), given);
    }
    world.github().repository("elsewhere/private", "main");
    assert_eq!(world.get("/repos/elsewhere/private").message(), (404, "Not Found"));
    let public = world.github().repository("elsewhere/public", "main");
    world.github().set_private(public, false);
    assert_eq!(world.get("/repos/elsewhere/public").status, 200);
    world.github().push(public, "b", &[("a", "b")], "bob").unwrap();
    let new = NewPullRequest { head: "b", by: "bob", ..NewPullRequest::default() };
    world.github().open_pull_request(public, &new).unwrap();
    let path = "/repos/elsewhere/public/issues/1/comments";
    assert_eq!(world.ask_with("POST", path, &[], "{\"body\": \"Hello\"}").status, 403);
    let repository = world.repository;
    world.github().installation_mut(installation).unwrap().repositories = Some([public].into());
    assert_eq!(world.here("").status, 404, "the App was taken out of the repository {repository}");
}

#[test]
fn a_person_may_do_what_the_role_allows_and_the_token_grants() {
    let mut world = World::new();
    let (repository, path) = (world.repository, format!("/statuses/{}", world.commit));
    world.github().set_role(repository, "reader", Role::Read);
    let status = json!({"state": "pending"});
    let reader = world.github().personal_token("reader");
    assert_eq!(world.as_token(&reader, |world| world.send("POST", &path, &status)).status, 404);
    assert_eq!(world.as_token(&reader, |world| world.here("/pulls")).status, 200);
    let alice = world.github().personal_token("alice");
    assert_eq!(world.as_token(&alice, |world| world.send("POST", &path, &status)).status, 201);
    let narrow = world.github().fine_grained_token("alice", &[repository], &[("pull_requests", Right::Read)]);
    let got = world.as_token(&narrow, |world| world.send("POST", &path, &status));
    assert_eq!(got.message(), (403, "Resource not accessible by personal access token"));
    let stranger = world.github().personal_token("stranger");
    assert_eq!(world.as_token(&stranger, |world| world.here("")).status, 404);
    let user = world.as_token(&alice, |world| world.get("/user"));
    assert_eq!((user.status, &user.body["login"]), (200, &json!("alice")));
    assert_eq!(world.get("/user").status, 403, "an App is nobody");
    assert_eq!(world.get("/users/ringmaster%5Bbot%5D").body["type"], "Bot");
}

#[test]
fn the_role_of_somebody_is_told_in_two_words() {
    let mut world = World::new();
    let repository = world.repository;
    for (login, role) in [
        ("admin", Role::Admin),
        ("maintainer", Role::Maintain),
        ("writer", Role::Write),
        ("triager", Role::Triage),
        ("reader", Role::Read),
        ("nobody", Role::None),
    ] {
        world.github().set_role(repository, login, role);
    }
    for (login, permission, role) in [
        ("admin", "admin", "admin"),
        ("maintainer", "write", "maintain"),
        ("writer", "write", "write"),
        ("triager", "read", "triage"),
        ("Reader", "read", "read"),
        ("nobody", "none", "none"),
    ] {
        let got = world.here(&format!("/collaborators/{login}/permission"));
        assert_eq!(
            (got.status, &got.body["permission"], &got.body["role_name"]),
            (200, &json!(permission), &json!(role))
        );
    }
    let got = world.here("/collaborators/ringmaster%5Bbot%5D/permission");
    assert_eq!(got.message(), (404, "ringmaster[bot] is not a user"));
    assert_eq!(world.here("/collaborators/unknown/permission").status, 404);
    let reader = world.github().personal_token("reader");
    let got = world.as_token(&reader, |world| world.here("/collaborators/admin/permission"));
    assert_eq!(got.status, 403, "only who may push is told");
}

#[test]
fn a_member_of_a_team_is_active_or_pending_and_others_are_not_found() {
    let mut world = World::new();
    world.github().set_team_member("acme", "platform", "alice", false);
    world.github().set_team_member("acme", "platform", "bob", true);
    let mut state = |login: &str| {
        let got = world.get(&format!("/orgs/acme/teams/platform/memberships/{login}"));
        (got.status, got.body["state"].clone())
    };
    assert_eq!(state("alice"), (200, json!("active")));
    assert_eq!(state("bob"), (200, json!("pending")));
    assert_eq!(state("mallory"), (404, Value::Null));
    let installation = world.installation;
    world.github().installation_mut(installation).unwrap().permissions.remove("members");
    assert_eq!(world.get("/orgs/acme/teams/platform/memberships/alice").status, 403);
}

#[test]
fn a_request_says_who_asks_what_version_it_speaks_and_what_it_understands() {
    let mut world = World::new();
    for (header, value, status) in [
        ("user-agent", "", 403),
        ("x-github-api-version", "2021-01-01", 400),
        ("accept", "application/xml", 415),
        ("accept", "", 200),
        ("x-github-api-version", "", 200),
    ] {
        let got = world.ask_with("GET", "/repos/acme/atlas-metastore", &[(header, value)], "");
        assert_eq!(got.status, status, "{header}: {value:?}");
        assert!(!got.header("x-github-request-id").is_empty());
    }
    assert_eq!(world.send("PUT", "/pulls/1", &json!({})).status, 404);
    assert_eq!(world.get("/nothing").status, 404);
}
