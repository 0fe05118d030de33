// What was found: each thing once, with an example.

const SHOWN = 160;

export class Problems {
  #found = new Map();

  // Notes a problem: in which operation, where in it, what, at which place of the records, and what is there instead.
  add(operation, where, what, place, seen) {
    const text = `${operation}, ${where}: ${what}`;
    const problem = this.#found.get(text) ?? { times: 0, place, seen };
    problem.times += 1;
    this.#found.set(text, problem);
  }

  // Notes what a validator said about a value.
  addErrors(operation, where, errors, place) {
    for (const { path, what, seen } of worthSaying(errors)) {
      this.add(operation, `${where}${path && ` ${path}`}`, what, place, seen);
    }
  }

  get count() {
    return this.#found.size;
  }

  texts() {
    const texts = [...this.#found].map(([text, { times, place, seen }]) => {
      const example = `${times} times, first in ${place}${seen === undefined ? "" : `: ${seen}`}`;
      return `${text}\n    ${example}`;
    });
    return texts.sort();
  }
}

// Of a choice that nothing fits, what is wrong with each of the choices is said, and not that there was one.
function worthSaying(errors) {
  const choices = new Set(errors.filter(({ keyword }) => keyword === "anyOf").map((error) => error.instancePath));
  const isNull = ({ keyword, params }) => keyword === "type" && params.type === "null";
  const reasons = errors.filter((error) => error.keyword !== "anyOf" && !isNull(error));
  const within = (path) => reasons.some(({ instancePath: at }) => at === path || at.startsWith(`${path}/`));
  const told = errors.filter((error) => {
    if (error.keyword === "anyOf") return !within(error.instancePath);
    if (isNull(error)) return !choices.has(error.instancePath);
    // Which fields the choices describe is known only when one of them fits.
    return error.keyword !== "unevaluatedProperties" || !choices.has(error.instancePath);
  });
  return told.map(said);
}

function said({ instancePath, keyword, params, message, data }) {
  const at = (field) => `${instancePath}${field === undefined ? "" : `/${field}`}`.replace(/\/\d+(?=\/|$)/g, "/*");
  switch (keyword) {
    case "required":
      return { path: at(params.missingProperty), what: "is missing" };
    case "unevaluatedProperties":
      return { path: at(params.unevaluatedProperty), what: "is not described" };
    case "additionalProperties":
      return { path: at(params.additionalProperty), what: "is not described" };
    case "type":
      return { path: at(), what: `should be ${[params.type].flat().join(" or ")}, is ${kindOf(data)}` };
    case "enum":
      return { path: at(), what: `should be one of ${params.allowedValues.join(", ")}`, seen: shown(data) };
    case "format":
      return { path: at(), what: `should be a ${params.format}`, seen: shown(data) };
    case "anyOf":
      return { path: at(), what: "fits none of the choices", seen: shown(data) };
    default:
      return { path: at(), what: message, seen: shown(data) };
  }
}

function kindOf(value) {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function shown(value) {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
