import { z } from "zod"
import { type Resource, resources } from "./resources.ts"
import { problemSchema } from "./schemas.ts"

type Json = Record<string, unknown>

/** The API's description (OpenAPI 3.0.3), made of the schemas that answers and queries go by. */
export function openApi(): Json {
  const paths = Object.entries<Resource>(resources).map(([name, resource]) => [resource.path, pathItem(name, resource)])
  return {
    openapi: "3.0.3",
    info: {
      title: "File Recovery for Kubernetes: the files of a session",
      version: "v1",
      description:
        "Read-only. Names of files are bytes: percent-encoded in queries and in `name`, `path`, `linkTarget`. A body that ends well is complete. See docs/http-api.md.",
      license: { name: "Apache-2.0" },
    },
    security: [{ password: [] }],
    paths: Object.fromEntries(paths) as Json,
    components: {
      securitySchemes: { password: { type: "http", scheme: "basic", description: "As the access Secret has it." } },
      schemas: { Problem: jsonSchema(problemSchema, "output") },
      responses: {
        Problem: {
          description: "What went wrong, before the first byte of a body.",
          content: { "application/json": { schema: { $ref: "#/components/schemas/Problem" } } },
        },
      },
    },
  }
}

function pathItem(name: string, resource: Resource): Json {
  const description = "As the catalogue names it."
  const volume = { name: "volume", in: "path", required: true, description, schema: { type: "string" } }
  const parameters = [...(resource.path.includes("{volume}") ? [volume] : []), ...queryParameters(resource)]
  const operation = (id: string, ok: Json) => ({
    operationId: id,
    summary: resource.summary,
    parameters,
    responses: { "200": ok, ...(name === "content" ? partial : {}), default: problem },
    ...(name === "health" ? { security: [] } : {}),
  })
  return {
    get: operation(name, success(resource)),
    head: operation(`${name}Head`, { description: "The head of the same answer." }),
  }
}

const problem = { $ref: "#/components/responses/Problem" }

const partial = {
  "206": {
    description: "The range asked for.",
    content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } },
  },
  "304": { description: "The client has these bytes." },
  "412": problem,
  "416": problem,
}

function success({ answers }: Resource): Json {
  const content = Object.entries(answers).map(([type, schema]) => [
    type,
    { schema: schema ? jsonSchema(schema, "output") : { type: "string", format: "binary" } },
  ])
  const lines = "application/x-ndjson" in answers ? "One such object a line." : "The answer."
  return { description: lines, content: Object.fromEntries(content) as Json }
}

function queryParameters({ query }: Resource): Json[] {
  const { properties = {} } = jsonSchema(query, "input") as { properties?: Record<string, Json> }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: "query",
    required: false,
    ...(description === undefined ? {} : { description }),
    schema,
  }))
}

function jsonSchema(schema: z.ZodType, io: "input" | "output"): Json {
  return z.toJSONSchema(schema, { target: "openapi-3.0", io, unrepresentable: "any", override: tidy })
}

/** A pattern that a schema's own description takes back, and that no field will ever be added. */
function tidy({ jsonSchema }: { jsonSchema: object }): void {
  for (const [name, value] of Object.entries(jsonSchema))
    if (value === undefined || name === "additionalProperties") Reflect.deleteProperty(jsonSchema, name)
}
