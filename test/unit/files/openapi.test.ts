import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { openApi } from "../../../src/files/openapi.ts"
import { resources } from "../../../src/files/resources.ts"

const root = join(import.meta.dirname, "../../..")

interface Described {
  paths: Record<
    string,
    { get: { parameters: { name: string; schema: object; description?: string }[]; responses: object } }
  >
}
const described = JSON.parse(JSON.stringify(openApi())) as Described

test("docs/openapi.json is what the schemas say: npm run openapi", () => {
  const written: unknown = JSON.parse(readFileSync(join(root, "docs/openapi.json"), "utf8"))
  expect(written).toEqual(described)
})

test("every resource and each of its query fields is described", () => {
  for (const { path, query } of Object.values(resources)) {
    const named = described.paths[path]?.get.parameters.map(({ name }) => name) ?? []
    expect(named).toEqual(expect.arrayContaining(Object.keys(query.shape)))
  }
})

test("what a client needs to know of a field is there", () => {
  const parameters = described.paths["/v1/volumes/{volume}/list"]?.get.parameters ?? []
  const field = (name: string) => parameters.find((parameter) => parameter.name === name)
  expect(field("limit")).toMatchObject({ schema: { type: "integer" }, description: expect.stringContaining("1000") })
  expect(field("type")?.schema).toMatchObject({ type: "array", items: { enum: expect.arrayContaining(["file"]) } })
  expect(field("volume")).toMatchObject({ in: "path", required: true })
  expect(described.paths["/v1/volumes/{volume}/content"]?.get.responses).toHaveProperty("206")
})

test("docs/http-api.md speaks of every resource", () => {
  const text = readFileSync(join(root, "docs/http-api.md"), "utf8")
  for (const { path } of Object.values(resources)) expect(text).toContain(path.replace("{volume}", "V"))
})
