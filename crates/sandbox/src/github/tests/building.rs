//! Builds as they are read.

use super::*;

const FILE: &str = "/actions/workflows/maven.yml/runs";

#[test]
fn a_build_is_found_by_its_commit_and_says_how_each_job_ended() {
    let mut world = World::new();
    let (repository, commit) = (world.repository, world.commit.clone());
    assert_eq!(world.here(FILE).status, 404, "there is no such workflow");
    world.github().workflow(repository, "maven.yml");
    assert_eq!(world.here(FILE).body, json!({"total_count": 0, "workflow_runs": []}));
    let run =
        world.github().start_build(repository, "maven.yml", &commit, &["build", "helm-publish"]).unwrap();
    let path = format!("{FILE}?head_sha={commit}&branch=ring-x&event=push&per_page=100");
    let got = world.here(&path).body;
    let shape = &got["workflow_runs"][0];
    assert_eq!(
        (&got["total_count"], &shape["id"], &shape["status"]),
        (&json!(1), &json!(run), &json!("in_progress"))
    );
    assert_eq!(shape["head_repository"]["id"], json!(repository));
    assert_eq!(shape["pull_requests"][0]["number"], 1);
    assert_eq!((&shape["conclusion"], &shape["path"]), (&Value::Null, &json!(".github/workflows/maven.yml")));
    world.github().finish_job(repository, run, "helm-publish", "skipped").unwrap();
    world.github().finish_build(repository, "maven.yml", &commit, "success").unwrap();
    assert_eq!(world.here(&path).body["workflow_runs"][0]["conclusion"], "success");
    let jobs = world.here(&format!("/actions/runs/{run}/jobs?filter=latest")).body;
    let ended = |job: usize| (jobs["jobs"][job]["name"].clone(), jobs["jobs"][job]["conclusion"].clone());
    assert_eq!(ended(0), (json!("build"), json!("success")));
    assert_eq!(ended(1), (json!("helm-publish"), json!("skipped")));
    assert_eq!(world.here(&format!("{FILE}?head_sha={}", "0".repeat(40))).body["total_count"], 0);
}

#[test]
fn a_run_that_is_run_again_is_the_same_run_in_another_attempt() {
    let mut world = World::new();
    let (repository, commit) = (world.repository, world.commit.clone());
    let run = world.github().start_build(repository, "maven.yml", &commit, &["build"]).unwrap();
    world.github().finish_run(repository, run, "failure").unwrap();
    world.github().rerun(repository, run, "alice").unwrap();
    let got = world.here(FILE).body["workflow_runs"][0].clone();
    assert_eq!((&got["id"], &got["run_attempt"], &got["run_number"]), (&json!(run), &json!(2), &json!(1)));
    assert_eq!((&got["status"], &got["conclusion"]), (&json!("in_progress"), &Value::Null));
    let count = |world: &mut World, filter: &str| {
        world.here(&format!("/actions/runs/{run}/jobs?filter={filter}")).body["total_count"].clone()
    };
    assert_eq!((count(&mut world, "latest"), count(&mut world, "all")), (json!(1), json!(2)));
    world.github().finish_run(repository, run, "success").unwrap();
    assert_eq!(world.here(&format!("/actions/runs/{run}")).body["conclusion"], "success");
}

#[test]
fn runs_of_a_fork_and_of_pull_requests_are_among_the_runs_of_a_workflow() {
    let mut world = World::new();
    let (repository, commit) = (world.repository, world.commit.clone());
    let fork = world.github().fork(repository, "mallory").unwrap();
    world.github().start_build(repository, "maven.yml", &commit, &["build"]).unwrap();
    let new = NewRun {
        workflow: "maven.yml",
        commit: &commit,
        branch: "ring-x",
        head_repository: Some(fork),
        event: "pull_request",
        jobs: &["build"],
        by: "mallory",
    };
    world.github().start_run(repository, &new).unwrap();
    let got = world.here(FILE).body;
    let shape = &got["workflow_runs"][0];
    assert_eq!((&got["total_count"], &shape["run_number"]), (&json!(2), &json!(2)), "the newest comes first");
    assert_eq!((&shape["head_repository"]["id"], &shape["pull_requests"]), (&json!(fork), &json!([])));
    assert_eq!(world.here(&format!("{FILE}?event=push")).body["total_count"], 1);
    assert_eq!(world.here(&format!("{FILE}?status=completed")).body["total_count"], 0);
}
