import { percentEncode } from "../names.ts"
import type { Route } from "../route.ts"
import type { AuditEntry } from "./chain.ts"
import { type AuditEvent, maxPathText } from "./record.ts"

type What = Pick<AuditEntry, "event" | "volume" | "path" | "paths" | "detail">

const events: Record<Route["kind"], AuditEvent | undefined> = {
  health: undefined,
  openapi: undefined,
  volumes: "Volumes",
  list: "List",
  stat: "Stat",
  content: "Read",
  tar: "Archive",
  archive: "Archive",
  sha256: "Checksum",
  search: "Search",
  audit: "Audit",
}

/** What the audit says a request was about; undefined for one that tells nothing of the session. */
export function whatOf(route: Route, query: string, range: string | undefined): What | undefined {
  const event = events[route.kind]
  if (event === undefined) return undefined
  const detail = detailOf(route, query, range)
  return {
    event,
    ...("volume" in route && typeof route.volume === "string" ? { volume: route.volume.slice(0, 4096) } : {}),
    ...("path" in route ? pathsOf(Array.isArray(route.path) ? route.path : [route.path]) : {}),
    ...(detail === undefined ? {} : { detail: detail.slice(0, 1024) }),
  }
}

/** As many paths as fit into one line of a log, and how many there were when these are not all. */
export function pathsOf(paths: readonly Buffer[]): Pick<AuditEntry, "path" | "paths"> {
  let length = 0
  const texts = paths.map((path) => percentEncode(path, "/"))
  const path = texts.filter((text) => (length += text.length) <= maxPathText)
  return { path, ...(path.length < paths.length ? { paths: paths.length } : {}) }
}

function detailOf(route: Route, query: string, range: string | undefined): string | undefined {
  if (route.kind === "archive") return route.headersOnly ? `${route.format}, headers only` : route.format
  if (route.kind === "tar") return "tar"
  if (route.kind === "search") return query
  return route.kind === "content" ? range : undefined
}
