import type { IncomingMessage } from "node:http"
import { KubeError } from "./errors.ts"
import type { KubeObject } from "./objects.ts"

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"
  readonly object: KubeObject
}

export interface WatchLimits {
  /** Milliseconds without a byte after which the connection is taken for dead: nobody tells us of a lost node or NAT entry. */
  readonly silenceMs: number
  /** No object is larger than etcd's 1.5 MiB. */
  readonly maxLineBytes: number
}

const newline = 0x0a

/**
 * The events of an open watch, one JSON document per line. Ends when the server ends the watch in order; throws when
 * the stream is silent, cut inside a line, not JSON, or carries an ERROR event (a KubeError, 410 when the version is too old).
 */
export async function* watchEvents(response: IncomingMessage, limits: WatchLimits): AsyncGenerator<WatchEvent> {
  const silent = new Error(`the watch was silent for ${limits.silenceMs / 1000} s`)
  const timer = setTimeout(() => response.destroy(silent), limits.silenceMs)
  const rest: Buffer[] = []
  let restBytes = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      timer.refresh()
      let from = 0
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
        const line = Buffer.concat([...rest.splice(0), chunk.subarray(from, end)])
        restBytes = 0
        from = end + 1
        if (line.length > 0) yield parse(line)
      }
      if (from === chunk.length) continue
      rest.push(chunk.subarray(from))
      restBytes += chunk.length - from
      if (restBytes > limits.maxLineBytes) throw new Error(`a line of the watch exceeds ${limits.maxLineBytes} bytes`)
    }
    if (restBytes > 0) throw new Error("the watch ended inside an event")
  } finally {
    clearTimeout(timer)
    response.destroy()
  }
}

function parse(line: Buffer): WatchEvent {
  const event = JSON.parse(line.toString("utf8")) as { type?: unknown; object?: unknown } | null
  const object = event?.object
  if (typeof object !== "object" || object === null) throw new Error("an event of the watch has no object")
  if (event?.type === "ERROR") throw errorOf(object)
  const { metadata } = object as KubeObject
  const isBookmark = event?.type === "BOOKMARK"
  const known = isBookmark || event?.type === "ADDED" || event?.type === "MODIFIED" || event?.type === "DELETED"
  if (!known || !metadata?.resourceVersion || (!isBookmark && !metadata.name)) {
    throw new Error("an event of the watch has no type, name or resourceVersion")
  }
  return event as WatchEvent
}

function errorOf({ code, reason, message }: { code?: unknown; reason?: unknown; message?: unknown }): KubeError {
  return new KubeError(`the watch failed: ${String(message)}`, {
    status: typeof code === "number" ? code : 500,
    reason: typeof reason === "string" ? reason : "",
  })
}
