// Judges exchanges and webhooks by GitHub's description: paths, parameters, bodies, statuses.

import { createHash } from "node:crypto";
import { ANSWERS_OF_ALL_OPERATIONS, PLAIN_FORMS, SAME_PATHS } from "./deviations.mjs";

const METHODS_WITHOUT_BODY = ["GET", "HEAD"];

export class Judge {
  #description;
  #problems;
  #seen = new Set();
  #operations = new Set();
  exchanges = 0;
  webhooks = 0;

  constructor(description, problems) {
    this.#description = description;
    this.#problems = problems;
  }

  get operations() {
    return this.#operations.size;
  }

  // Judges one line of the records.
  record(record, place) {
    if (typeof record.webhook === "string") {
      this.webhooks += 1;
      this.#webhook(record, place);
    } else {
      this.exchanges += 1;
      this.#exchange(record, place);
    }
  }

  #exchange(record, place) {
    const method = record.method === "HEAD" ? "GET" : record.method;
    const moved = SAME_PATHS.find(({ pattern }) => pattern.test(record.path));
    const path = moved ? record.path.replace(moved.pattern, moved.as) : record.path;
    const operation = this.#description.operation(method, path);
    if (!operation) {
      const shape = record.path.replace(/\d+/g, "0");
      this.#problems.add(`${record.method} ${shape}`, "request", "GitHub has no such operation", place);
      return;
    }
    this.#operations.add(operation.name);
    const { method: asked, query, request_body: body, status, response_body: answer } = record;
    if (this.#isNew([operation.name, path, query, body])) this.#request(operation, record, place);
    const type = contentType(record.response_headers);
    if (!record.fault && this.#isNew([operation.name, asked, status, type, answer])) {
      this.#answer(operation, record, place);
    }
  }

  #request(operation, record, place) {
    const { name, parameters, values, described } = operation;
    for (const parameter of parameters.filter((it) => it.in === "path")) {
      const errors = this.#description.errorsInText(values.get(parameter.name), parameter.schema);
      this.#problems.addErrors(name, `path parameter ${parameter.name}`, errors, place);
    }
    this.#query(name, parameters.filter((it) => it.in === "query"), record.query, place);
    const wanted = this.#description.resolve(described.requestBody);
    const body = record.request_body;
    if (body === null || body === undefined) {
      if (wanted?.required) this.#problems.add(name, "request body", "is missing", place);
    } else if (!wanted || METHODS_WITHOUT_BODY.includes(record.method)) {
      this.#problems.add(name, "request body", "is not described", place);
    } else {
      const schema = wanted.content["application/json"]?.schema;
      const errors = schema ? this.#description.errorsIn(body, schema) : [];
      this.#problems.addErrors(name, "request body", errors, place);
    }
  }

  #query(operation, described, query, place) {
    const given = [...new URLSearchParams(query ?? "")];
    for (const [name, value] of given) {
      const parameter = described.find((it) => it.name === name);
      if (!parameter) {
        this.#problems.add(operation, `query parameter ${name}`, "is not described", place);
        continue;
      }
      const several = this.#description.resolve(parameter.schema).type === "array";
      const errors = this.#description.errorsInText(several ? value.split(",") : value, parameter.schema);
      this.#problems.addErrors(operation, `query parameter ${name}`, errors, place);
    }
    for (const { name } of described.filter((it) => it.required)) {
      if (!given.some(([known]) => known === name)) {
        this.#problems.add(operation, `query parameter ${name}`, "is missing", place);
      }
    }
  }

  #answer(operation, record, place) {
    const { name, described } = operation;
    const where = `answer ${record.status}`;
    const body = record.response_body;
    const isEmpty = body === null || body === undefined || body === "";
    const contents = this.#contents(described, record.status);
    const type = contentType(record.response_headers);
    if (contents === undefined) {
      this.#problems.add(name, where, "GitHub does not answer so", place);
    } else if (record.method === "HEAD" || Object.keys(contents).length === 0) {
      if (!isEmpty) this.#problems.add(name, where, "has a body, and should have none", place);
    } else if (contents[type]) {
      const errors = this.#description.errorsIn(body, contents[type].schema ?? {});
      this.#problems.addErrors(name, where, errors, place);
    } else if (!PLAIN_FORMS.test(type)) {
      const types = Object.keys(contents).join(" or ");
      this.#problems.add(name, where, `should be ${types}, is ${type || "of no type"}`, place);
    }
  }

  // What an answer of a status contains, by content type. Undefined if there is no such answer.
  #contents(described, status) {
    const answer = this.#description.resolve(described.responses[status]);
    const general = ANSWERS_OF_ALL_OPERATIONS[status];
    const isRefusal = status >= 400 && general;
    if (answer?.content || (answer && !isRefusal)) return answer.content ?? {};
    if (general === undefined) return undefined;
    return general ? { "application/json": { schema: this.#description.schema(general) } } : {};
  }

  #webhook(record, place) {
    const { webhook: event, headers, payload } = record;
    const name = `webhook ${[event, payload?.action].filter(Boolean).join(".")}`;
    const described = this.#description.webhook(event, payload?.action);
    if (!described) {
      this.#problems.add(name, "event", "GitHub has no such webhook", place);
      return;
    }
    for (const parameter of described.parameters ?? []) {
      const value = headers[parameter.name.toLowerCase()];
      if (value === undefined) {
        this.#problems.add(name, `header ${parameter.name}`, "is missing", place);
      }
    }
    if (!this.#isNew([name, payload])) return;
    const type = contentType(headers);
    const contents = described.requestBody.content;
    if (!contents[type]) {
      this.#problems.add(name, "payload", `should be ${Object.keys(contents).join(" or ")}, is ${type}`, place);
      return;
    }
    this.#problems.addErrors(name, "payload", this.#description.errorsIn(payload, contents[type].schema), place);
  }

  // Most exchanges are like one before.
  #isNew(parts) {
    const digest = createHash("sha1").update(JSON.stringify(parts)).digest("base64");
    if (this.#seen.has(digest)) return false;
    this.#seen.add(digest);
    return true;
  }
}

function contentType(headers) {
  return (headers?.["content-type"] ?? "").split(";")[0].trim().toLowerCase();
}
