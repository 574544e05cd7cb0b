import { describe, expect, test } from "vitest"
import { attachmentSchema } from "../../../src/api/attachment.ts"
import { renderCrds } from "../../../src/api/crd.ts"
import { ATTACHMENT_KIND, SESSION_KIND } from "../../../src/api/group.ts"
import { unchangeable } from "../../../src/api/rules.ts"
import { sessionSchema } from "../../../src/api/session.ts"
import type { SchemaNode } from "../../../src/api/structural.ts"
import { type Definition, incompatibilities } from "../../support/crd-changes.ts"
import { releases } from "../../support/releases.ts"

const today = new Map(Object.entries(renderCrds()) as [string, Definition][])
const schemas = { [SESSION_KIND]: sessionSchema, [ATTACHMENT_KIND]: attachmentSchema }

describe.each(releases().map((release) => [release.version, release] as const))("%s", (_, { definitions, objects }) => {
  test.each([...definitions])("what %s allowed is allowed", (file, before) => {
    const now = today.get(file)
    expect(now === undefined ? ["is gone"] : incompatibilities(before, now)).toEqual([])
  })

  test.each(objects.map((one) => [`${one.kind} ${one.metadata.name}`, one] as const))(
    "%s is read as it is",
    (_, one) => {
      const { spec, status } = one
      const schema = schemas[one.kind as keyof typeof schemas]
      expect(schema.parse(one)).toMatchObject({ spec, ...(status && { status }) })
    },
  )

  test("its objects show every field and every phase it had", () => {
    const unseen = [...definitions.values()].flatMap(({ spec: { names, versions } }) => {
      const ofKind = objects.filter(({ kind }) => kind === names.kind)
      return versions.flatMap(({ schema }) => unseenIn(schema.openAPIV3Schema, ofKind, names.kind))
    })
    expect(unseen).toEqual([])
  })
})

/** Fields, and phases, that none of the values shows. */
function unseenIn(node: SchemaNode, values: readonly unknown[], path: string): string[] {
  if (values.length === 0) return [path]
  const phases = path.endsWith(".status.phase") ? (node["enum"] as unknown[]) : []
  const items = node["items"] as SchemaNode | undefined
  return [
    ...phases.filter((one) => !values.includes(one)).map((one) => `${path} ${String(one)}`),
    ...Object.entries(fieldsOf(node)).flatMap(([name, field]) => {
      const given = values.map((value) => (value as Record<string, unknown>)[name])
      return unseenIn(
        field,
        given.filter((value) => value !== undefined),
        `${path}.${name}`,
      )
    }),
    ...(items ? unseenIn(items, values.flat(), `${path}[]`) : []),
  ]
}

const fieldsOf = (node: SchemaNode) => (node["properties"] ?? {}) as Record<string, SchemaNode>
const sessions = today.get("filerecovery.dev_filerecoverysessions.yaml") as Definition

type Change = (node: SchemaNode, crd: Definition["spec"]) => void

/** What is told of a definition of sessions in which the field at a path was changed. */
function toldOf(path: string, change: Change): string[] {
  const { spec } = structuredClone(sessions)
  const whole = spec.versions[0]?.schema.openAPIV3Schema as SchemaNode
  const at = path
    .split(".")
    .reduce((node, name) => (name === "[]" ? node["items"] : fieldsOf(node)[name]) as SchemaNode, whole)
  change(at, spec)
  return incompatibilities(sessions, { spec })
}

const rule = (rule: string) => ({ rule, message: "no" })

test.each<[string, string, Change, string]>([
  ["a field", "spec", (node) => delete fieldsOf(node)["ttl"], "v1alpha1.spec.ttl is gone"],
  ["a field of a list", "status.disks.[]", (node) => delete fieldsOf(node)["serial"], ".status.disks[].serial is gone"],
  ["a value of an enum", "status.phase", (node) => (node["enum"] as string[]).pop(), ".status.phase: enum was"],
  ["its default", "spec.ttl", (node) => delete node["default"], ".spec.ttl: default was"],
  ["its status", "spec", (_, { versions }) => delete versions[0]?.subresources, "no status any more"],
  ["a short name", "spec", (_, { names }) => delete names.shortNames, "names.shortNames"],
  ["its version", "spec", (_, { versions }) => versions.pop(), "v1alpha1 is no longer served"],
])("a definition that lost %s: told", (_, path, change, words) => {
  expect(toldOf(path, change)).toEqual([expect.stringContaining(words)])
})

test.each<[string, string, SchemaNode]>([
  ["spec", "required", { required: ["source", "ttl"] }],
  ["spec.source.volumeSnapshots", "maxItems", { maxItems: 32 }],
  ["spec.source.volumeSnapshots", "minItems", { minItems: 2 }],
  ["spec.source.volumeSnapshots.[].name", "maxLength", { maxLength: 63 }],
  ["spec.source.volumeSnapshots.[].name", "pattern", { pattern: "^[a-z]+$" }],
  ["spec.source.volumeSnapshots", "x-kubernetes-list-type", { "x-kubernetes-list-type": "set" }],
  ["status.release.message", "maxLength", { maxLength: 1024 }],
  ["status.release.message", "pattern", { pattern: "^." }],
  ["status.release.reason", "enum", { enum: ["Idle"] }],
  ["status.release.bytesServed", "type", { type: "string" }],
  ["status.release.bytesServed", "format", { format: "int32" }],
  ["status.release.bytesServed", "minimum", { minimum: 0 }],
  ["status.release.bytesServed", "a keyword of next year", { "a keyword of next year": 1 }],
  ["spec.desiredState", "x-kubernetes-validations", { "x-kubernetes-validations": [rule("self != 'Unmounted'")] }],
  ["spec", "x-kubernetes-validations", { "x-kubernetes-validations": [rule(unchangeable("ttl").cel)] }],
  ["spec.idleTimeout", "default", { default: "1h" }],
])("%s with another %s: told", (path, keyword, other) => {
  const told = toldOf(path, (node) => Object.assign(node, other))
  expect(told).toEqual([expect.stringContaining(`.${path.replaceAll(".[]", "[]")}: ${keyword} was`)])
})

test.each([
  "!has(self.ttl) || has(self.paused)",
  "!has(self.paused) || true ? has(self.ttl) : true",
  "has(self.paused)",
])("a new field with the rule %s, which old objects may not meet: told", (cel) => {
  const told = toldOf("spec", (node) => {
    Object.assign(fieldsOf(node), { paused: { type: "boolean" } })
    ;(node["x-kubernetes-validations"] as object[]).push(rule(cel))
  })
  expect(told).toEqual([expect.stringContaining(".spec: x-kubernetes-validations was")])
})

test("a rule about a new field that old objects get by its default: told", () => {
  const told = toldOf("spec", (node) => {
    Object.assign(fieldsOf(node), { paused: { type: "boolean", default: false } })
    ;(node["x-kubernetes-validations"] as object[]).push(rule("!has(self.paused) || !has(self.ttl)"))
  })
  expect(told).toEqual([expect.stringContaining(".spec: x-kubernetes-validations was")])
})

test.each<[string, string, Change]>([
  ["a new field", "spec", (node) => Object.assign(fieldsOf(node), { paused: { type: "boolean", default: false } })],
  [
    "a new field that can't change",
    "spec",
    (node) => {
      Object.assign(fieldsOf(node), { paused: { type: "boolean" } })
      ;(node["x-kubernetes-validations"] as object[]).push(rule(unchangeable("paused").cel))
    },
  ],
  [
    "a new field, and a rule that asks something where it is there",
    "spec",
    (node) => {
      Object.assign(fieldsOf(node), { paused: { type: "boolean" } })
      ;(node["x-kubernetes-validations"] as object[]).push(rule("!has(self.paused) || !has(self.ttl)"))
    },
  ],
  ["a new phase", "status.phase", (node) => (node["enum"] as string[]).push("Paused")],
  ["more disks", "spec.source.volumeSnapshots", (node) => Object.assign(node, { maxItems: 128, minItems: 0 })],
  ["any text", "spec.ttl", (node) => Object.assign(node, { pattern: undefined, maxLength: 32, minLength: 1 })],
  ["a rule less", "spec", (node) => (node["x-kubernetes-validations"] as object[]).pop()],
  ["other words", "spec.ttl", (node) => Object.assign(node, { description: "How long." })],
  ["less that is required", "status.disks.[]", (node) => (node["required"] as string[]).pop()],
  ["another short name", "spec", (_, { names }) => names.shortNames?.push("recoveries")],
])("%s: not told", (_, path, change) => {
  expect(toldOf(path, change)).toEqual([])
})
