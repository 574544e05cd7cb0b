import { isDeepStrictEqual } from "node:util"
import { unchangeable } from "../../src/api/rules.ts"
import type { SchemaNode } from "../../src/api/structural.ts"

/** What of a CustomResourceDefinition objects and their users rely on. */
export interface Definition {
  spec: {
    group: string
    scope: string
    names: { kind: string; plural: string; singular: string; shortNames?: string[]; categories?: string[] }
    versions: {
      name: string
      served: boolean
      subresources?: { status?: object }
      schema: { openAPIV3Schema: SchemaNode }
    }[]
  }
}

type Judge = (before: unknown, now: unknown) => boolean

const listed = (value: unknown) => (value ?? []) as unknown[]
const contains = (all: unknown, some: unknown) =>
  listed(some).every((one) => listed(all).some((other) => isDeepStrictEqual(one, other)))
const rules = (value: unknown) => (listed(value) as { rule: string }[]).map(({ rule }) => rule)
const notHigher: Judge = (before, now) => Number(now ?? -Infinity) <= Number(before ?? -Infinity)
const notLower: Judge = (before, now) => Number(now ?? Infinity) >= Number(before ?? Infinity)
const sameOrGone: Judge = (before, now) => now === undefined || isDeepStrictEqual(before, now)

/** Keywords that may change, and how. Every other one stays as it is, also those that nobody has thought of. */
const mayBecome: Record<string, Judge> = {
  description: () => true,
  properties: () => true, // looked at one by one
  items: () => true,
  required: contains,
  enum: (before, now) => now === undefined || (before !== undefined && contains(now, before)),
  minLength: notHigher,
  minItems: notHigher,
  minimum: notHigher,
  maxLength: notLower,
  maxItems: notLower,
  maximum: notLower,
  pattern: sameOrGone,
  // whether one rule implies another can't be told, so no rule is added to what there is, but for fields that are new
  "x-kubernetes-validations": (before, now) => contains(rules(before), rules(now)),
}

/**
 * How a definition breaks what a former one allowed: objects that it would refuse, prune or read with another meaning.
 * Empty: every old object stays valid. These are the checks of OLM's "CRD upgrade safety", and CEL rules and patterns.
 */
export function incompatibilities({ spec: before }: Definition, { spec: now }: Definition): string[] {
  const renamed = (["kind", "plural", "singular"] as const).filter((name) => before.names[name] !== now.names[name])
  const unknown = (["shortNames", "categories"] as const).filter(
    (name) => !contains(now.names[name], before.names[name]),
  )
  return [
    ...(["group", "scope"] as const).filter((field) => before[field] !== now[field]),
    ...[...renamed, ...unknown].map((name) => `names.${name}`),
    ...before.versions.flatMap((version) => inVersion(version, now.versions)),
  ]
}

type Version = Definition["spec"]["versions"][number]

function inVersion(before: Version, versions: readonly Version[]): string[] {
  const now = versions.find(({ name }) => name === before.name)
  if (!now || (before.served && !now.served)) return [`${before.name} is no longer served`]
  return [
    ...(before.subresources?.status && !now.subresources?.status ? [`${before.name}: no status any more`] : []),
    ...inSchema(before.schema.openAPIV3Schema, now.schema.openAPIV3Schema, before.name),
  ]
}

/**
 * The former rules, and of today's those that keep a new field from changing: an old object has it neither before nor
 * after a change, or has its default both times. And those that ask nothing where a new field is absent, which one with a
 * default never is.
 */
function withRulesOfNewFields(before: SchemaNode, now: SchemaNode): SchemaNode {
  const key = "x-kubernetes-validations"
  const known = Object.keys(before["properties"] ?? {})
  const added = Object.keys(now["properties"] ?? {}).filter((field) => !known.includes(field))
  const harmless = new Set(added.map((field) => unchangeable(field).cel))
  const fields = (now["properties"] ?? {}) as Record<string, SchemaNode>
  const absent = added.filter((field) => fields[field]?.["default"] === undefined)
  const asksNothing = (rule: string) =>
    !rule.includes("?") && absent.some((field) => rule.startsWith(`!has(self.${field}) || `))
  const ofNewFields = (listed(now[key]) as { rule: string }[]).filter(
    ({ rule }) => harmless.has(rule) || asksNothing(rule),
  )
  return ofNewFields.length === 0 ? {} : { [key]: [...listed(before[key]), ...ofNewFields] }
}

function inSchema(before: SchemaNode, now: SchemaNode | undefined, path: string): string[] {
  if (!now) return [`${path} is gone`]
  const keywords = [...new Set([...Object.keys(before), ...Object.keys(now)])]
  before = { ...before, ...withRulesOfNewFields(before, now) }
  const broken = keywords.filter((key) => !(mayBecome[key] ?? isDeepStrictEqual)(before[key], now[key]))
  const inner = Object.entries((before["properties"] ?? {}) as Record<string, SchemaNode>)
  const properties = (now["properties"] ?? {}) as Record<string, SchemaNode>
  const items = before["items"] as SchemaNode | undefined
  return [
    ...broken.map((key) => `${path}: ${key} was ${JSON.stringify(before[key])}, is ${JSON.stringify(now[key])}`),
    ...inner.flatMap(([name, node]) => inSchema(node, properties[name], `${path}.${name}`)),
    ...(items ? inSchema(items, now["items"] as SchemaNode | undefined, `${path}[]`) : []),
  ]
}
