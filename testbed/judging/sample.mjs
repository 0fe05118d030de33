// Makes the smallest value that fits a schema: what tests of the judge begin with.

const TEXTS = {
  "date-time": "2026-01-02T03:04:05Z",
  date: "2026-01-02",
  uri: "https://example.com/x",
  "uri-template": "https://example.com/x{/y}",
  email: "x@example.com",
};

export function sample(schema, description) {
  const resolved = description.resolve(schema);
  if (resolved.nullable) return null;
  if (resolved.enum) return resolved.enum[0];
  const parts = resolved.allOf ?? (resolved.anyOf ?? resolved.oneOf ?? []).slice(0, 1);
  const values = parts.map((part) => sample(part, description));
  switch (resolved.type) {
    case "string":
      return TEXTS[resolved.format] ?? "x".repeat(resolved.minLength ?? 1);
    case "integer":
    case "number":
      return resolved.minimum ?? 1;
    case "boolean":
      return true;
    case "array":
      return Array.from({ length: resolved.minItems ?? 0 }, () => sample(resolved.items, description));
    default:
      break;
  }
  if (!resolved.properties) return values.length === 1 ? values[0] : Object.assign({}, ...values);
  const needed = Object.entries(resolved.properties).filter(([name]) => resolved.required?.includes(name));
  return Object.assign({}, ...values, Object.fromEntries(needed.map(([name, it]) => [name, sample(it, description)])));
}
