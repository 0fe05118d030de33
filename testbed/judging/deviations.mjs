// Where GitHub does otherwise than its description of single operations says. Each entry names the page of GitHub's own
// documentation that says so; none is here because it is convenient.

// Every operation may answer so, whether its description says it or not. The value is the schema of the body, or null
// for none.
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

// Single things: { operation, where, what, source }. Empty, and better so.
export const SINGLE = [];
