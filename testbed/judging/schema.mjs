// Schemas of OpenAPI 3.0 as JSON Schema (draft 2019-09) says the same, closed: a field that is not described is found,
// wherever it is. Nothing here knows GitHub.

const AS_THEY_ARE = [
  "type", "format", "enum", "required", "pattern", "minLength", "maxLength", "minimum", "maximum", "multipleOf",
  "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties",
];
const NAMED = "#/components/schemas/";

// The name of the schema that a reference means.
function nameOf(reference) {
  if (!reference.startsWith(NAMED)) throw new Error(`a reference to something that is no schema: ${reference}`);
  return reference.slice(NAMED.length);
}

// Converts the schema of a value: the whole of it, with no field besides those that any part of the schema describes.
// `named.schema` gives the schema of a name; a reference is converted to that name, and `named.needed` is told of it.
export function convertWhole(schema, named) {
  const converted = convertPart(schema, named);
  return describesFields(schema, named) ? { ...converted, unevaluatedProperties: false } : converted;
}

// Converts a schema that describes a value together with others, as the parts of an `allOf` do. It stays open: a part
// does not know the fields of the other parts.
export function convertPart(schema, named) {
  if (schema.$ref !== undefined) {
    named.needed(nameOf(schema.$ref));
    return { $ref: nameOf(schema.$ref) };
  }
  const converted = {};
  for (const keyword of AS_THEY_ARE) {
    if (schema[keyword] !== undefined) converted[keyword] = schema[keyword];
  }
  if (schema.items) converted.items = convertWhole(schema.items, named);
  if (schema.properties) {
    const fields = Object.entries(schema.properties);
    converted.properties = Object.fromEntries(fields.map(([name, field]) => [name, convertWhole(field, named)]));
  }
  // `true` beside described fields would let every misspelt field pass.
  if (schema.additionalProperties === false || (schema.additionalProperties === true && !schema.properties)) {
    converted.additionalProperties = schema.additionalProperties;
  } else if (typeof schema.additionalProperties === "object") {
    converted.additionalProperties = convertWhole(schema.additionalProperties, named);
  }
  if (schema.not) converted.not = convertPart(schema.not, named);
  const parts = (list) => list.map((part) => convertPart(part, named));
  if (schema.allOf) converted.allOf = parts(schema.allOf);
  // A value that fits two of the choices is as good: most `oneOf` do not exclude each other.
  const choices = [schema.anyOf, schema.oneOf].filter(Boolean).map((list) => ({ anyOf: parts(list) }));
  if (choices.length === 1) Object.assign(converted, choices[0]);
  if (choices.length > 1) converted.allOf = [...(converted.allOf ?? []), ...choices];
  return schema.nullable === true ? orNull(converted) : converted;
}

function orNull(schema) {
  const isCompound = schema.anyOf || schema.allOf || schema.not || schema.type === undefined;
  if (isCompound) return Object.keys(schema).length === 0 ? schema : { anyOf: [{ type: "null" }, schema] };
  const converted = { ...schema, type: [schema.type, "null"].flat() };
  if (schema.enum && !schema.enum.includes(null)) converted.enum = [...schema.enum, null];
  return converted;
}

// Whether a schema says which fields its value has. One that does not is about any object at all.
function describesFields(schema, named, seen = new Set()) {
  if (seen.has(schema)) return false;
  seen.add(schema);
  if (schema.$ref !== undefined) return describesFields(named.schema(nameOf(schema.$ref)), named, seen);
  const parts = [schema.allOf, schema.anyOf, schema.oneOf].flatMap((list) => list ?? []);
  return schema.properties !== undefined || parts.some((part) => describesFields(part, named, seen));
}
