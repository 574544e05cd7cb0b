import type { OutgoingHttpHeaders, ServerResponse } from "node:http"
import { pipeline } from "node:stream/promises"
import type { FilesClient, Place } from "../../client/files-client.ts"
import { type HashedFile, manifestLine } from "../../files/manifest-line.ts"
import { splitPath } from "../../files/path.ts"
import { primed } from "../../files/primed.ts"
import { parseRoute } from "../../files/route.ts"

/** Of what a manifest is asked for; undefined when something else is. */
export function hashesAsked(target: string): Place | undefined {
  if (!/^\/v1\/volumes\/[^/]+\/sha256(?:\?|$)/.test(target)) return undefined
  const route = parseRoute(target)
  return route.kind === "sha256" ? { volume: route.volume, components: splitPath(route.path) } : undefined
}

/** Sends a manifest as text; the service is asked for the form that also tells how far it is, so that its loss is noticed. */
export async function sendHashes(
  files: FilesClient,
  place: Place,
  response: ServerResponse,
  headers: OutgoingHttpHeaders,
): Promise<void> {
  const gone = new AbortController()
  response.once("close", () => gone.abort())
  const { all, close } = await primed(lines(files.sha256(place, { signal: gone.signal })))
  try {
    response.writeHead(200, { ...headers, "content-type": "text/plain" })
    await pipeline(all, response).catch(() => response.destroy())
  } finally {
    await close()
  }
}

async function* lines(files: AsyncIterable<HashedFile>): AsyncGenerator<Buffer> {
  for await (const file of files) yield manifestLine(file)
}
