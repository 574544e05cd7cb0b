import { z } from "zod"
import { auditRecordSchema } from "./audit/record.ts"
import { archiveQuery, atPath, contentQuery, listQuery, manifestQuery, nothing, searchQuery } from "./queries.ts"
import { entrySchema, listSchema, manifestEventSchema, searchLineSchema, volumesSchema } from "./schemas.ts"

/** What one resource of the HTTP API is: the router, the OpenAPI document and the tests go by this. */
export interface Resource<Query extends z.ZodObject = z.ZodObject> {
  /** `{volume}` stands for a volume's name, percent-encoded. */
  readonly path: string
  readonly summary: string
  readonly query: Query
  /** Query fields that may be given several times. */
  readonly repeated?: readonly string[]
  /** Media types of a 200, and what a JSON answer, or each line of NDJSON, looks like. */
  readonly answers: Readonly<Record<string, z.ZodType | undefined>>
}

/** The API. `health` needs no password; `audit` needs the right to read it; everything else the right to read files. */
export const resources = {
  health: {
    path: "/healthz",
    summary: "Whether the service runs.",
    query: nothing,
    answers: { "application/json": z.object({ status: z.literal("ok") }) },
  },
  openapi: {
    path: "/v1/openapi.json",
    summary: "This description.",
    query: nothing,
    answers: { "application/json": z.looseObject({ openapi: z.string() }) },
  },
  volumes: {
    path: "/v1/volumes",
    summary: "All disks and volumes, those that can't be mounted with the reason.",
    query: nothing,
    answers: { "application/json": volumesSchema },
  },
  search: {
    path: "/v1/search",
    summary: "Files by name, size and time over all mounted volumes, as they are found. Closing it ends the search.",
    query: searchQuery,
    repeated: ["volume", "type"],
    answers: { "application/x-ndjson": searchLineSchema },
  },
  audit: {
    path: "/v1/audit",
    summary: "What was done with this session's files: the newest records, the oldest first, chained by hash.",
    query: nothing,
    answers: { "application/x-ndjson": auditRecordSchema },
  },
  list: {
    path: "/v1/volumes/{volume}/list",
    summary: "One page of a directory.",
    query: listQuery,
    repeated: ["type"],
    answers: { "application/json": listSchema },
  },
  stat: {
    path: "/v1/volumes/{volume}/stat",
    summary: "What is at a path; of a symbolic link, the link itself.",
    query: atPath,
    answers: { "application/json": entrySchema },
  },
  content: {
    path: "/v1/volumes/{volume}/content",
    summary: "A file's bytes, or one range of them. Symbolic links are followed within the volume.",
    query: contentQuery,
    answers: { "application/octet-stream": undefined },
  },
  tar: {
    path: "/v1/volumes/{volume}/tar",
    summary:
      "A path and all below it as tar (pax) with owners, ACLs and extended attributes. It breaks off, rather than ends, when it is incomplete.",
    query: atPath,
    answers: { "application/x-tar": undefined },
  },
  archive: {
    path: "/v1/volumes/{volume}/archive",
    summary: "Several paths and all below them as one archive. It breaks off, rather than ends, when it is incomplete.",
    query: archiveQuery,
    repeated: ["path"],
    answers: { "application/x-tar": undefined, "application/zstd": undefined, "application/zip": undefined },
  },
  sha256: {
    path: "/v1/volumes/{volume}/sha256",
    summary:
      "SHA-256 of a file, or of every file below a directory, in the format of sha256sum or as JSON lines, names relative to the volume's root. It breaks off, rather than ends, when it is incomplete.",
    query: manifestQuery,
    answers: { "text/plain": undefined, "application/x-ndjson": manifestEventSchema },
  },
} as const satisfies Record<string, Resource>

export type ResourceName = keyof typeof resources
