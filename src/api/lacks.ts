import { VERSION } from "./group.ts"
import type { SchemaNode } from "./structural.ts"

/** A CustomResourceDefinition, as far as it says what objects may hold. */
export interface Definition {
  spec?: { versions?: readonly { name: string; served?: boolean; schema?: { openAPIV3Schema?: SchemaNode } }[] }
}

/**
 * What an installed definition lacks of one that is needed: paths of fields that it doesn't declare (`status.access.sftpPort`),
 * of those within one only the outermost, and values that it doesn't take (`status.phase Paused`). The API server drops such
 * fields of users without a word, and refuses what the operator writes. What else differs doesn't matter; nor what it has more.
 */
export function lacks(needed: Definition, installed: Definition): string[] {
  const schema = schemaOf(installed)
  return schema === undefined ? [`version ${VERSION}`] : missing(schemaOf(needed) ?? {}, schema, "")
}

function schemaOf({ spec }: Definition): SchemaNode | undefined {
  const version = spec?.versions?.find(({ name }) => name === VERSION)
  return version?.served === true ? (version.schema?.openAPIV3Schema ?? {}) : undefined
}

function missing(needed: SchemaNode, installed: SchemaNode, path: string): string[] {
  const known = inner(installed)
  const fields = [...inner(needed)].flatMap(([name, node]) => {
    const below = path === "" || /^[[{]/.test(name) ? `${path}${name}` : `${path}.${name}`
    const counterpart = known.get(name)
    return counterpart ? missing(node, counterpart, below) : [below]
  })
  return [...fields, ...missingValues(needed["enum"], installed["enum"]).map((value) => `${path} ${value}`)]
}

function missingValues(needed: unknown, installed: unknown): string[] {
  if (!Array.isArray(installed)) return []
  if (!Array.isArray(needed)) return ["of any value"]
  return needed.filter((value) => !installed.includes(value)).map(String)
}

/** What is right below a node: fields by name, items of a list as `[]`, values of a map as `{}`. */
function inner(node: SchemaNode): Map<string, SchemaNode> {
  const { properties, items, additionalProperties } = node as Record<string, Record<string, SchemaNode> | undefined>
  return new Map([
    ...Object.entries(properties ?? {}),
    ...(items ? [["[]", items] as const] : []),
    ...(additionalProperties ? [["{}", additionalProperties] as const] : []),
  ])
}
