import { RecoveryError } from "../api/reasons.ts"
import { type HashedFile, parseManifestLine } from "../files/manifest-line.ts"
import { percentDecode } from "../files/names.ts"
import { manifestEventSchema } from "../files/schemas.ts"
import { jsonOf } from "./bodies.ts"

/** Told what has been read since it was told the last time. */
export type HashProgress = (change: { files?: number; bytes?: number }) => void

/** The hashes of a manifest in JSON lines. Throws ConnectionLost when it breaks off before its end. */
export async function* hashesOf(lines: AsyncIterable<Buffer>, progress: HashProgress): AsyncGenerator<HashedFile> {
  /** Of the file that is being read. */
  let counted = 0
  for await (const line of lines) {
    const { data: event } = manifestEventSchema.safeParse(jsonOf(line))
    // lines of a kind that is new are for newer clients
    if (event === undefined) continue
    if (event.event === "end") return
    const read = event.event === "sum" ? event.sizeBytes : event.readBytes
    progress({ bytes: Math.max(0, read - counted), files: event.event === "sum" ? 1 : 0 })
    counted = event.event === "sum" ? 0 : read
    if (event.event === "sum") yield { name: percentDecode(event.name), sum: event.sha256 }
  }
  throw new RecoveryError("ConnectionLost", "The manifest broke off.")
}

/** The same of a service of a former release, which knows text only. */
export async function* hashesOfText(lines: AsyncIterable<Buffer>, progress: HashProgress): AsyncGenerator<HashedFile> {
  for await (const line of lines) {
    progress({ files: 1 })
    yield parseManifestLine(line)
  }
}
