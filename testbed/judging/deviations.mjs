// Where GitHub does otherwise than its description says. Each entry names a page that says so, GitHub's documentation or
// a report of what it does; none is here because it is convenient.

// Every operation may answer so, whether its description says it or not. The value is the schema of the body, or null
// for none. A refusal has this body also where a description names the status and no content, as it does for a person
// who is not in a team.
//
// 301, 302, 307: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
// 304: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
// 400, 404, 422: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
// 401: https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api#failed-login-limit
// 403, 429: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
export const ANSWERS_OF_ALL_OPERATIONS = {
  301: "basic-error",
  302: "basic-error",
  304: null,
  307: "basic-error",
  400: "basic-error",
  401: "basic-error",
  403: "basic-error",
  404: "basic-error",
  422: "validation-error",
  429: "basic-error",
};

// What was renamed is reached under its id, and so are further pages: the links that GitHub gives have this form.
// https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api#using-link-headers
export const SAME_PATHS = [{ pattern: /^\/repositories\/\d+(?=\/|$)/, as: "/repos/owner/repository" }];

// Forms of an answer that a client asks for by the header Accept. Only those that are described otherwise are judged.
// https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#media-types
export const PLAIN_FORMS = /^application\/vnd\.github(\.v3)?\.(raw|diff|patch|html)(\+json)?$/;

// What single descriptions get wrong, and what they should be.
export const CORRECTIONS = [
  {
    // The list describes an account that is a user and an enterprise at once; the description of one installation has
    // what both are. https://docs.github.com/en/rest/apps/apps#get-an-installation-for-the-authenticated-app
    at: ["paths", "/app/installations", "get", "responses", "200", "content", "application/json", "schema", "items"],
    becomes: () => ({ $ref: "#/components/schemas/installation" }),
  },
  {
    // The fork was deleted. https://github.com/github/rest-api-description/issues/424
    at: ["components", "schemas", "pull-request", "properties", "head", "properties", "repo"],
    becomes: orNull,
  },
  {
    // The same in lists. https://github.com/github/rest-api-description/issues/1811
    at: ["components", "schemas", "pull-request-simple", "properties", "head", "properties", "repo"],
    becomes: orNull,
  },
  {
    // A label without one, as labels are described everywhere else.
    // https://docs.github.com/en/rest/issues/labels#get-a-label
    at: [
      "components", "schemas", "pull-request-simple", "properties", "labels", "items", "properties", "description",
    ],
    becomes: orNull,
  },
  {
    // It is described for runs that were requested and that are completed.
    // https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run
    at: ["components", "schemas", "webhook-workflow-run-in-progress", "properties", "workflow_run", "properties"],
    becomes: (fields) => ({ ...fields, display_title: { type: "string" } }),
  },
];

function orNull(schema) {
  return { allOf: [schema], nullable: true };
}
