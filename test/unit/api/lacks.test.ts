import { describe, expect, test } from "vitest"
import { renderCrds } from "../../../src/api/crd.ts"
import { type Definition, lacks } from "../../../src/api/lacks.ts"
import type { SchemaNode } from "../../../src/api/structural.ts"
import { releases } from "../../support/releases.ts"

const today = renderCrds() as Record<string, Definition>
const sessions = today["filerecovery.dev_filerecoverysessions.yaml"] ?? {}

type Version = NonNullable<NonNullable<Definition["spec"]>["versions"]>[number]
type Change = (node: Record<string, SchemaNode>) => void

/** The definition of sessions, changed below a path: names of fields, `[]` and `{}`. */
function changed(path: string, change: Change): Definition {
  const definition = structuredClone(sessions)
  const whole = definition.spec?.versions?.[0]?.schema?.openAPIV3Schema ?? {}
  const step: Record<string, string> = { "[]": "items", "{}": "additionalProperties" }
  const at = path
    .split(".")
    .filter(Boolean)
    .reduce<SchemaNode>((node, name) => {
      const below = step[name]
      return (
        below === undefined ? (node["properties"] as Record<string, SchemaNode>)[name] : node[below]
      ) as SchemaNode
    }, whole)
  change(at as Record<string, SchemaNode>)
  return definition
}

const without =
  (...names: string[]): Change =>
  ({ properties }) => {
    for (const name of names) delete properties?.[name]
  }

test.each<[string, string, Change, string[]]>([
  ["all of it", "", () => undefined, []],
  ["no field of the spec", "spec", without("ttl"), ["spec.ttl"]],
  ["no part of a field", "spec.access", without("clients"), ["spec.access.clients"]],
  ["not even the whole: only that is named", "spec", without("access"), ["spec.access"]],
  [
    "two fields less",
    "status.access",
    without("sftpPort", "sftpHostKey"),
    ["status.access.sftpPort", "status.access.sftpHostKey"],
  ],
  ["no field of items", "status.disks.[]", without("sha256Before"), ["status.disks[].sha256Before"]],
  [
    "no field deep in lists",
    "spec.access.clients.[].podSelector.matchExpressions.[]",
    without("values"),
    ["spec.access.clients[].podSelector.matchExpressions[].values"],
  ],
  ["no status", "", without("status"), ["status"]],
  [
    "a value less",
    "status.phase",
    ({ enum: values }) => void (values as unknown as string[]).pop(),
    ["status.phase Failed"],
  ],
  ["only some values", "spec.ttl", (node) => Object.assign(node, { enum: ["12h"] }), ["spec.ttl of any value"]],
  ["any value", "status.phase", (node) => delete node["enum"], []],
  ["a field more", "spec", ({ properties }) => Object.assign(properties ?? {}, { paused: { type: "boolean" } }), []],
  ["a value more", "status.phase", ({ enum: values }) => void (values as unknown as string[]).push("Paused"), []],
  [
    "other words and bounds",
    "spec.ttl",
    (node) => Object.assign(node, { description: "x", maxLength: 32, default: "1h" }),
    [],
  ],
  [
    "values of a map that are anything",
    "spec.access.clients.[].podSelector.matchLabels",
    (node) => delete node["additionalProperties"],
    ["spec.access.clients[].podSelector.matchLabels{}"],
  ],
])("a definition with %s", (_, path, change, lacking) =>
  expect(lacks(sessions, changed(path, change))).toEqual(lacking),
)

test.each<[string, (versions: Version[]) => unknown]>([
  ["has no versions", (versions) => versions.splice(0)],
  ["has another version", ([version]) => Object.assign(version ?? {}, { name: "v1" })],
  ["does not serve it", ([version]) => Object.assign(version ?? {}, { served: false })],
])("a definition that %s lacks that", (_, change) => {
  const definition = structuredClone(sessions)
  change(definition.spec?.versions as Version[])
  expect([lacks(sessions, definition), lacks(sessions, {})]).toEqual([["version v1alpha1"], ["version v1alpha1"]])
})

test.each(Object.entries(today))("%s lacks nothing of itself", (_, crd) => expect(lacks(crd, crd)).toEqual([]))

describe.each(releases().map(({ version, definitions }) => [version, definitions] as const))("%s", (_, definitions) => {
  test.each([...definitions])("%s: today's has all of it", (file, before) =>
    expect(lacks(before, today[file] ?? {})).toEqual([]),
  )

  test("its sessions lack what came later", () => {
    const before = definitions.get("filerecovery.dev_filerecoverysessions.yaml")
    expect(before && lacks(sessions, before)).toContain("spec.access")
  })
})
