import { RecoveryError } from "../api/reasons.ts"
import { defaultPage, maxPage } from "./limits.ts"
import { percentDecode } from "./names.ts"
import { normalPath } from "./path.ts"

/** What a request is about. Volumes are named as in the catalogue; paths are normal. */
export type Route =
  | { readonly kind: "health" }
  | { readonly kind: "volumes" }
  | {
      readonly kind: "list"
      readonly volume: string
      readonly path: Buffer
      readonly limit: number
      readonly from: number
    }
  | { readonly kind: "stat" | "content" | "tar"; readonly volume: string; readonly path: Buffer }

/** Reads a request target (the part after the host, RFC 9112, 3.2.1). Throws UsageError, UnsafePath or PathNotFound. */
export function parseRoute(target: string): Route {
  const mark = target.indexOf("?")
  const path = mark === -1 ? target : target.slice(0, mark)
  const query = parseQuery(mark === -1 ? "" : target.slice(mark + 1))
  if (path === "/healthz") return { kind: "health" }
  if (path === "/v1/volumes") return { kind: "volumes" }
  const [, volume = "", verb = ""] = /^\/v1\/volumes\/([^/]+)\/([a-z]+)$/.exec(path) ?? []
  const at = { volume: percentDecode(volume).toString(), path: normalPath(query.get("path") ?? Buffer.from("/")) }
  if (verb === "list") return { kind: "list", ...at, limit: pageSize(query), from: cursor(query) }
  if (verb === "stat" || verb === "content" || verb === "tar") return { kind: verb, ...at }
  throw new RecoveryError("PathNotFound", "There is no such resource; the API is under /v1/volumes.")
}

/** Not URLSearchParams: it would take the bytes for UTF-8 and `+` for a space. */
function parseQuery(text: string): Map<string, Buffer> {
  const fields = text.split("&").filter((field) => field !== "")
  return new Map(
    fields.map((field) => {
      const equals = field.indexOf("=")
      return equals === -1 ? [field, Buffer.alloc(0)] : [field.slice(0, equals), percentDecode(field.slice(equals + 1))]
    }),
  )
}

function pageSize(query: Map<string, Buffer>): number {
  const text = query.get("limit")?.toString()
  if (text === undefined) return defaultPage
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new RecoveryError("UsageError", "limit must be a whole number above 0.")
  return Math.min(maxPage, Number(text))
}

/** How many entries came before: directories of a session never change, so a number is enough. */
function cursor(query: Map<string, Buffer>): number {
  const text = query.get("cursor")?.toString()
  if (text === undefined) return 0
  if (!/^\d{1,10}$/.test(text)) throw new RecoveryError("UsageError", "cursor must be the `next` of the page before.")
  return Number(text)
}
