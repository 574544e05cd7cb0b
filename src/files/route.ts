import type { z } from "zod"
import { RecoveryError } from "../api/reasons.ts"
import { percentDecode } from "./names.ts"
import { type Resource, type ResourceName, resources } from "./resources.ts"

type InVolume<Name extends ResourceName> = (typeof resources)[Name]["path"] extends `${string}{volume}${string}`
  ? { readonly volume: string }
  : object

type Routes = {
  [Name in ResourceName]: { readonly kind: Name } & InVolume<Name> &
    Readonly<z.output<(typeof resources)[Name]["query"]>>
}

/** What a request is about: which resource, of which volume (as the catalogue names it), and its query, read. */
export type Route = Routes[ResourceName]
export type RouteTo<Name extends ResourceName> = Routes[Name]

/** Reads a request target (the part after the host, RFC 9112, 3.2.1). Throws UsageError, UnsafePath or PathNotFound. */
export function parseRoute(target: string): Route {
  const mark = target.indexOf("?")
  const [path, query] = mark === -1 ? [target, ""] : [target.slice(0, mark), target.slice(mark + 1)]
  const [, encoded, verb] = /^\/v1\/volumes\/([^/]+)\/([a-z0-9]+)$/.exec(path) ?? []
  const pattern = encoded === undefined ? path : `/v1/volumes/{volume}/${verb}`
  const found = Object.entries<Resource>(resources).find(([, resource]) => resource.path === pattern)
  if (found === undefined)
    throw new RecoveryError("PathNotFound", "There is no such resource; /v1/openapi.json tells which there are.")
  const [kind, resource] = found
  const volume = encoded === undefined ? {} : { volume: percentDecode(encoded).toString() }
  return { kind, ...volume, ...readQuery(resource, query) } as Route
}

/** Not URLSearchParams: it would take the bytes for UTF-8 and `+` for a space. Fields nobody asks for don't matter. */
function readQuery({ query, repeated = [] }: Resource, text: string): object {
  const given: Record<string, string[]> = {}
  for (const field of text.split("&")) {
    const [name, value] = split(field)
    if (!Object.hasOwn(query.shape, name)) continue
    given[name] = [...(given[name] ?? []), percentDecode(value).toString("latin1")]
  }
  const lastOf = ([name, values]: [string, string[]]) => [name, repeated.includes(name) ? values : values.at(-1)]
  const parsed = query.safeParse(Object.fromEntries(Object.entries(given).map(lastOf)))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new RecoveryError("UsageError", `${issue?.path[0]?.toString() ?? "The query"}: ${issue?.message ?? "wrong"}.`)
}

function split(field: string): [name: string, value: string] {
  const equals = field.indexOf("=")
  return equals === -1 ? [field, ""] : [field.slice(0, equals), field.slice(equals + 1)]
}
