import { isDeepStrictEqual } from "node:util"

/** A JSON Schema node, as zod renders it. */
export type SchemaNode = Record<string, unknown>

const COPIED = new Set([
  "type",
  "description",
  "default",
  "enum",
  "format",
  "pattern",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "maxProperties",
  "required",
])
/** What zod says of the keys of every record. A rule says what keys must be like: nothing else in a definition can. */
const ANY_NAME = { type: "string" }
const UNBOUNDED = new Set<unknown>([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])

/**
 * Turns what zod renders into a structural schema (KEP-1979): only keywords a CustomResourceDefinition knows, no bounds
 * that merely say "a JavaScript integer". Throws on everything else, so that a schema nobody thought of can't slip through.
 */
export function structural(node: SchemaNode, path = "$"): SchemaNode {
  const result: SchemaNode = node["description"] === undefined ? {} : { description: node["description"] }
  for (const [key, value] of Object.entries(node)) {
    if (COPIED.has(key) || key.startsWith("x-kubernetes-")) result[key] = value
    else if (key === "properties") result[key] = each(value as Record<string, SchemaNode>, path)
    else if (key === "items") result[key] = structural(value as SchemaNode, `${path}[]`)
    else if (key === "additionalProperties") result[key] = structural(value as SchemaNode, `${path}{}`)
    else if (key === "propertyNames" && isDeepStrictEqual(value, ANY_NAME)) continue
    else if (key === "minimum" || key === "maximum") {
      if (!UNBOUNDED.has(value)) result[key] = value
    } else throw new TypeError(`${path}: ${key} has no place in a structural schema`)
  }
  return result
}

function each(properties: Record<string, SchemaNode>, path: string): Record<string, SchemaNode> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, node]) => [name, structural(node, `${path}.${name}`)]),
  )
}
