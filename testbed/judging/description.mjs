// GitHub's description of its API: which operation a request is for, which schema something has to fit.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { CORRECTIONS } from "./deviations.mjs";
import { convertPart, convertWhole } from "./schema.mjs";

// The packages are in a folder of the testbed, not beside this file.
const require = createRequire(`${process.env.RINGWAY_JUDGE_PACKAGES}/`);
const Ajv = require("ajv/dist/2019").default;
const addFormats = require("ajv-formats").default;

export class Description {
  #document;
  #routes;
  #validators;

  static load() {
    return new Description(JSON.parse(readFileSync(require.resolve("@octokit/openapi/generated/api.github.com.json"))));
  }

  constructor(document) {
    for (const { at, becomes } of CORRECTIONS) correct(document, at, becomes);
    this.#document = document;
    const routes = Object.entries(document.paths).map(([template, item]) => this.#route(template, item));
    this.#routes = routes.sort(bySegments);
    this.#validators = { json: new Validators(this, false), text: new Validators(this, true) };
  }

  // The operation for a method and a path: its template and description, and what stands for the parameters of the path.
  // Undefined if GitHub has none.
  operation(method, path) {
    for (const { template, pattern, names, item } of this.#routes) {
      const described = item[method.toLowerCase()];
      const found = described && pattern.exec(path);
      if (!found) continue;
      const values = new Map(names.map((name, index) => [name, decoded(found[index + 1])]));
      const parameters = [...(item.parameters ?? []), ...(described.parameters ?? [])].map((it) => this.resolve(it));
      return { name: `${method} ${template}`, template, described, parameters, values };
    }
    return undefined;
  }

  // The description of a webhook by its event and its action, as in `pull_request` and `labeled`.
  webhook(event, action) {
    const name = [event, action].filter((part) => typeof part === "string").join("-").replaceAll("_", "-");
    const described = this.#document["x-webhooks"][name];
    return described && Object.values(described)[0];
  }

  // What a reference means, or the thing itself.
  resolve(thing) {
    if (thing?.$ref === undefined) return thing;
    return thing.$ref.slice(2).split("/").reduce((part, key) => part[key], this.#document);
  }

  schema(name) {
    return this.#document.components.schemas[name];
  }

  // What is wrong with a value that was JSON, as the validator's errors.
  errorsIn(value, schema) {
    return this.#validators.json.errorsIn(value, schema);
  }

  // What is wrong with a value that was part of an address.
  errorsInText(text, schema) {
    return this.#validators.text.errorsIn(text, schema);
  }

  #route(template, item) {
    const names = [];
    const several = new Set();
    for (const operation of Object.values(item)) {
      for (const parameter of (operation.parameters ?? []).map((it) => this.resolve(it))) {
        if (parameter["x-multi-segment"]) several.add(parameter.name);
      }
    }
    const segments = template.split("/").slice(1);
    const pattern = segments.map((segment) => segment.split(/(\{[^}]+\})/).map((part) => {
      if (!part.startsWith("{")) return part.replace(/[.*+?^$()[\]\\|]/g, "\\$&");
      names.push(part.slice(1, -1));
      return several.has(names.at(-1)) ? "(.+)" : "([^/]+)";
    }).join(""));
    const kinds = segments.map((segment) => segment.includes("{") ? (several.has(segment.slice(1, -1)) ? 2 : 1) : 0);
    return { template, pattern: new RegExp(`^/${pattern.join("/")}$`), names, kinds, item };
  }
}

// What a client did not encode well stays as it is, to be judged so.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function correct(document, at, becomes) {
  const holder = at.slice(0, -1).reduce((part, key) => part?.[key], document);
  const last = at.at(-1);
  if (holder?.[last] === undefined) throw new Error(`nothing to correct at ${at.join(" ")}: is it corrected by now?`);
  holder[last] = becomes(holder[last]);
}

// The most concrete first: `pulls/comments` before `pulls/{pull_number}`, and `commits/{ref}/status` before
// `commits/{ref}`, whose parameter may have slashes.
function bySegments(one, other) {
  for (let place = 0; place < Math.max(one.kinds.length, other.kinds.length); place += 1) {
    const difference = (one.kinds[place] ?? 3) - (other.kinds[place] ?? 3);
    if (difference !== 0) return difference;
  }
  return 0;
}

// Schemas, compiled when they are first needed.
class Validators {
  #description;
  #ajv;
  #known = new Set();
  #compiled = new WeakMap();

  constructor(description, coerceTypes) {
    this.#description = description;
    const options = { allErrors: true, verbose: true, strict: false, validateSchema: false, unicodeRegExp: false };
    this.#ajv = new Ajv({ ...options, coerceTypes });
    addFormats(this.#ajv);
    // Names that say more than JSON Schema can.
    for (const name of ["timestamp", "repo.nwo"]) this.#ajv.addFormat(name, true);
  }

  errorsIn(value, schema) {
    let validate = this.#compiled.get(schema);
    if (!validate) {
      validate = this.#ajv.compile(convertWhole(schema, this.#named()));
      this.#compiled.set(schema, validate);
    }
    return validate(value) ? [] : validate.errors;
  }

  // Gives a conversion the schemas that it refers to, and the validator those that were converted.
  #named() {
    const schema = (name) => this.#description.schema(name);
    const needed = (name) => {
      if (this.#known.has(name)) return;
      this.#known.add(name);
      this.#ajv.addSchema(convertPart(schema(name), { schema, needed }), name);
    };
    return { schema, needed };
  }
}
