import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { parse } from "yaml"
import { renderCrds } from "../../../src/api/crd.ts"
import type { SchemaNode } from "../../../src/api/structural.ts"
import { structural } from "../../../src/api/structural.ts"

const crds = Object.entries(renderCrds())
const folders = ["crds", "charts/file-recovery-operator/crds"]

test.each(folders.flatMap((folder) => crds.map(([file, crd]) => [`${folder}/${file}`, crd] as const)))(
  "%s is what npm run crds writes",
  (path, crd) => {
    const written: unknown = parse(readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8"))
    expect(written).toEqual(JSON.parse(JSON.stringify(crd)))
  },
)

/** Every field with its path, below the schema of a whole object. */
function fields(node: SchemaNode, path = ""): [string, SchemaNode][] {
  const inner = Object.entries((node["properties"] ?? {}) as Record<string, SchemaNode>)
  const items = node["items"] as SchemaNode | undefined
  return [
    [path, node],
    ...inner.flatMap(([name, child]) => fields(child, `${path}.${name}`)),
    ...(items ? fields(items, `${path}[]`) : []),
  ]
}

function schemaOf(crd: object): SchemaNode {
  const { spec } = crd as { spec: { versions: { schema: { openAPIV3Schema: SchemaNode } }[] } }
  return spec.versions[0]?.schema.openAPIV3Schema ?? {}
}

test.each(crds)("%s describes every field", (_, crd) => {
  const silent = fields(schemaOf(crd)).filter(([path, node]) => !node["description"] && !path.endsWith("[]"))
  expect(silent.map(([path]) => path)).toEqual([".metadata"])
})

test.each(crds)("%s says of every list how it merges and bounds what users write", (_, crd) => {
  for (const [path, node] of fields(schemaOf(crd)).filter(([, node]) => node["type"] === "array")) {
    expect([path, node["x-kubernetes-list-type"]]).not.toEqual([path, undefined])
    expect(path.startsWith(".spec") && node["maxItems"] === undefined).toBe(false)
  }
})

// the last of clients: two selectors with labels and expressions, blocks of addresses, and one that is either
const sessionRules = 2 + 1 + 1 + 2 + 2 + 2 + 2 + 3 + 11 + (2 * 2 + 1 + 1)
const attachmentRules = 2
// source, its two lists, recoveryPoint, unlock with its Secret; paths, claim, directory; those of the whole, of its changes
const copyRules = 1 + 2 + 1 + 2 + 3 + 4 + 9

test("every refinement is a CEL rule in the definition", () => {
  const rules = crds
    .flatMap(([, crd]) => fields(schemaOf(crd)))
    .flatMap(([, node]) => node["x-kubernetes-validations"] ?? [])
  expect(rules).toHaveLength(sessionRules + attachmentRules + copyRules)
})

test("a keyword that has no place in a structural schema is refused", () => {
  expect(() => structural({ type: "object", properties: { a: { anyOf: [] } } })).toThrow("$.a: anyOf")
})
