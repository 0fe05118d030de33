// Tests of the judge: what fits the description is let pass, and each mistake that is planted in it is found.

import { Description } from "./description.mjs";
import { Judge } from "./judge.mjs";
import { Problems } from "./problems.mjs";
import { sample } from "./sample.mjs";

const PULL = "/repos/acme/atlas/pulls/7";
const COMMENTS = "/repos/acme/atlas/issues/7/comments";
const CHECK_RUNS = "/repos/acme/atlas/check-runs";
const SHA = "a".repeat(40);

export function selfTest() {
  const description = Description.load();
  const failures = [...cases(description)].flatMap(([title, record, wanted]) => {
    const problems = new Problems();
    new Judge(description, problems).record(record, "here");
    const found = problems.texts().map((text) => text.split("\n")[0]);
    const isRight = found.length === wanted.length && wanted.every((text) => found.some((it) => it.startsWith(text)));
    return isRight ? [] : [`${title}: wanted ${JSON.stringify(wanted)}, found ${JSON.stringify(found, null, 1)}`];
  });
  for (const failure of failures) console.error(`FAILED ${failure}`);
  console.log(`judge: ${[...cases(description)].length - failures.length} tests passed, ${failures.length} failed`);
  return failures.length === 0 ? 0 : 1;
}

// Each test: what it shows, a record, and how the problems begin that are to be found in it.
function* cases(description) {
  const named = (name) => sample({ $ref: `#/components/schemas/${name}` }, description);
  const exchange = (method, path, status, answer, more = {}) => ({
    method, path, query: "", request_headers: {}, request_body: null, status,
    response_headers: { "content-type": "application/json; charset=utf-8" }, response_body: answer, ...more,
  });
  const pull = named("pull-request");
  const comment = (request_body) => exchange("POST", COMMENTS, 201, named("issue-comment"), { request_body });
  const check = (request_body) => exchange("POST", CHECK_RUNS, 201, named("check-run"), { request_body });
  const posted = "POST /repos/{owner}/{repo}/issues/{issue_number}/comments";
  const got = "GET /repos/{owner}/{repo}/pulls/{pull_number}";
  const listed = "GET /repos/{owner}/{repo}/pulls";
  const checked = "POST /repos/{owner}/{repo}/check-runs";

  yield ["a described answer fits", exchange("GET", PULL, 200, pull), []];
  yield ["a described request fits", comment({ body: "hello" }), []];
  yield ["a misspelt field of a request", comment({ body: "hello", boddy: "x" }),
    [`${posted}, request body /boddy: is not`]];
  yield ["a required field of a request", comment({}), [`${posted}, request body /body: is missing`]];
  yield ["a request that needs a body", comment(null), [`${posted}, request body: is missing`]];
  yield ["a body where there is none", exchange("GET", PULL, 200, pull, { request_body: {} }),
    [`${got}, request body: is not described`]];

  const completed = { name: "x", head_sha: SHA, status: "completed" };
  yield ["a check run that is completed", check({ ...completed, conclusion: "success" }), []];
  yield ["a misspelt field in a choice", check({ name: "x", head_sha: SHA, outptu: {} }),
    [`${checked}, request body /outptu: is not`]];
  yield ["a misspelt field deep inside",
    check({ name: "x", head_sha: SHA, output: { title: "x", summary: "x", txt: "x" } }),
    [`${checked}, request body /output/txt: is not`]];
  yield ["a conclusion that there is not", check({ ...completed, conclusion: "good" }),
    [`${checked}, request body /conclusion: should be one of`]];

  const { head, ...without } = pull;
  yield ["a required field of an answer", exchange("GET", PULL, 200, without), [`${got}, answer 200 /head: is missing`]];
  const { sha, ...headWithout } = head;
  yield ["a required field deep inside", exchange("GET", PULL, 200, { ...pull, head: headWithout }),
    [`${got}, answer 200 /head/sha: is missing`]];
  yield ["a wrong type", exchange("GET", PULL, 200, { ...pull, number: "7" }),
    [`${got}, answer 200 /number: should be integer, is string`]];
  yield ["a null where there may be none", exchange("GET", PULL, 200, { ...pull, title: null }),
    [`${got}, answer 200 /title: should be string, is null`]];
  yield ["a null where there may be one",
    exchange("GET", PULL, 200, { ...pull, merge_commit_sha: null, milestone: null }), []];
  yield ["a time that is none", exchange("GET", PULL, 200, { ...pull, created_at: "yesterday" }),
    [`${got}, answer 200 /created_at: should be a date-time`]];
  yield ["an address that is none", exchange("GET", PULL, 200, { ...pull, html_url: "not an address" }),
    [`${got}, answer 200 /html_url: should be a uri`]];
  yield ["a field that GitHub does not give", exchange("GET", PULL, 200, { ...pull, heads: 1 }),
    [`${got}, answer 200 /heads: is not described`]];
  yield ["a field that GitHub does not give, in a list", exchange("GET", "/repos/acme/atlas/pulls", 200,
    [{ ...named("pull-request-simple"), heads: 1 }]), [`${listed}, answer 200 /*/heads: is not described`]];
  yield ["one of several content types", exchange("GET", "/repos/acme/atlas/contents/cohorts/a.json", 200,
    named("content-file")), []];
  yield ["a form that was asked for", exchange("GET", "/repos/acme/atlas/contents/cohorts/a.json", 200, "text",
    { response_headers: { "content-type": "application/vnd.github.raw+json; charset=utf-8" } }), []];
  yield ["a type that GitHub does not give", exchange("GET", PULL, 200, "text",
    { response_headers: { "content-type": "text/html" } }), [`${got}, answer 200: should be application/json`]];

  yield ["a path that there is not", exchange("GET", "/repos/acme/atlas/pull/7", 200, {}),
    ["GET /repos/acme/atlas/pull/0, request: GitHub has no such operation"]];
  yield ["a method that there is not", exchange("PUT", COMMENTS, 200, {}),
    [`PUT ${COMMENTS.replace("7", "0")}, request: GitHub has no such operation`]];
  yield ["the most concrete path", exchange("GET", "/repos/acme/atlas/pulls/comments", 200, []), []];
  yield ["a path with slashes in a parameter", exchange("GET", "/repos/acme/atlas/commits/ring/x/check-runs", 200,
    { total_count: 0, check_runs: [] }), []];
  yield ["a path by id", exchange("GET", "/repositories/7/pulls", 200, []), []];
  yield ["a number of a pull request that is none", exchange("GET", "/repos/acme/atlas/pulls/x", 200, pull),
    [`${got}, path parameter pull_number: should be integer`]];
  yield ["described parameters",
    exchange("GET", "/repos/acme/atlas/pulls", 200, [], { query: "state=open&per_page=100" }), []];
  yield ["a parameter that there is not", exchange("GET", "/repos/acme/atlas/pulls", 200, [], { query: "states=open" }),
    [`${listed}, query parameter states: is not described`]];
  yield ["a value of a parameter that there is not", exchange("GET", "/repos/acme/atlas/pulls", 200, [],
    { query: "state=merged" }), [`${listed}, query parameter state: should be one of`]];
  yield ["a parameter that has to be there", exchange("GET", "/search/commits", 304, null),
    ["GET /search/commits, query parameter q: is missing"]];

  yield ["a status that there is not", exchange("GET", PULL, 202, pull), [`${got}, answer 202: GitHub does not`]];
  yield ["a status that every operation has", exchange("GET", PULL, 401, { message: "Bad credentials" }), []];
  yield ["nothing new", exchange("GET", PULL, 304, null), []];
  const member = "/orgs/acme/teams/on-call/memberships/zoe";
  const refused = exchange("GET", member, 404, { message: "Not Found", documentation_url: "x", status: "404" });
  yield ["a refusal whose body is not described", refused, []];
  yield ["a refusal that says something else", exchange("GET", member, 404, { message: 1 }),
    ["GET /orgs/{org}/teams/{team_slug}/memberships/{username}, answer 404 /message: should be string"]];
  yield ["a body that should not be", exchange("GET", PULL, 304, { message: "x" }), [`${got}, answer 304: has a body`]];
  yield ["a fault on purpose", exchange("GET", PULL, 502, "broken", { fault: true }), []];
  yield ["the request of a fault on purpose", exchange("GET", PULL, 502, "broken", { fault: true, query: "x=1" }),
    [`${got}, query parameter x: is not described`]];

  const headers = {
    "user-agent": "GitHub-Hookshot/1", "x-github-hook-id": "1", "x-github-event": "pull_request",
    "x-github-hook-installation-target-id": "1", "x-github-hook-installation-target-type": "repository",
    "x-github-delivery": "x", "x-hub-signature-256": "sha256=x", "content-type": "application/json",
  };
  const payload = named("webhook-pull-request-labeled");
  const webhook = (payload, more = {}) => ({ webhook: "pull_request", headers, payload, ...more });
  const { repository, ...nowhere } = payload;
  const labeled = "webhook pull_request.labeled";
  yield ["a described webhook fits", webhook(payload), []];
  yield ["a webhook without repository", webhook(nowhere), [`${labeled}, payload /repository: is missing`]];
  yield ["a webhook with a field that there is not", webhook({ ...payload, labels: [] }),
    [`${labeled}, payload /labels: is not described`]];
  yield ["an action that there is not", webhook({ ...payload, action: "labelled" }),
    ["webhook pull_request.labelled, event: GitHub has no such webhook"]];
  yield ["a webhook without signature", webhook(payload, { headers: { ...headers, "x-hub-signature-256": undefined } }),
    [`${labeled}, header X-Hub-Signature-256: is missing`]];
}
