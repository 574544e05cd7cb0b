import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { isMap, isNode, isScalar, parse, parseDocument } from "yaml"

const chart = new URL("../../../charts/file-recovery-operator/", import.meta.url)
const text = readFileSync(new URL("values.yaml", chart), "utf8")

interface Schema {
  properties?: Record<string, Schema>
  additionalProperties?: boolean | Schema
}
const schema = JSON.parse(readFileSync(new URL("values.schema.json", chart), "utf8")) as Schema

/** Paths of all values, and of all that the schema names, down to where both end or anything goes. */
function paths(value: unknown, { properties }: Schema, path: string[] = []): { values: string[]; schema: string[] } {
  const known = Object.keys(properties ?? {})
  if (known.length === 0 || typeof value !== "object" || value === null) return { values: [], schema: [] }
  const found = { values: Object.keys(value).map(at), schema: known.map(at) }
  for (const [key, inner] of Object.entries(value)) {
    const deeper = paths(inner, properties?.[key] ?? {}, [...path, key])
    found.values.push(...deeper.values)
    found.schema.push(...deeper.schema)
  }
  return found
  function at(key: string): string {
    return [...path, key].join(".")
  }
}

test("values.yaml and values.schema.json name the same fields", () => {
  const found = paths(parse(text), schema)
  // `global` is for charts that have this one as a part
  expect(found.values.sort()).toEqual(found.schema.filter((path) => path !== "global").sort())
})

test("every top-level value is described, itself or in its first field", () => {
  const { contents } = parseDocument(text)
  if (!isMap(contents)) throw new Error("values.yaml is not a map")
  const first = contents.items[0]
  if (isScalar(first?.key) && contents.commentBefore) first.key.commentBefore = contents.commentBefore
  const described = ({ key, value }: (typeof contents.items)[number]): boolean =>
    [key, value].some((node) => isNode(node) && Boolean(node.commentBefore))
  expect(contents.items.filter((pair) => !described(pair)).map(({ key }) => String(key))).toEqual([])
})
