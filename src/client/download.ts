import { type Reason, RecoveryError } from "../api/reasons.ts"
import type { Content, FilesClient, Place } from "./files-client.ts"
import { pause } from "./pause.ts"

/** Asks again as long as what went wrong may heal, and there is any hope that it does; whatever is asked changes nothing. */
export async function persist<T>(
  ask: () => Promise<T>,
  signal: AbortSignal,
  retrying: (why: string) => void = () => undefined,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await ask()
    } catch (error) {
      const wait = pauses[failures]
      if (!isBroken(error) || wait === undefined) throw error
      retrying(error.message)
      await pause(wait, signal)
    }
  }
}

/** Pauses before each new try, in milliseconds; any progress starts over. In all longer than a target takes to return. */
const pauses = [250, 500, 1000, 2000, 4000, 8000, 15_000, 30_000, 60_000]

/**
 * A file's bytes from where `first` starts to the last. A connection that breaks is made again and goes on where it broke, so a
 * large file survives the replacement of a pod; it rejects when nothing moves any more. `retrying` is told why it waits.
 */
export async function* download(
  files: FilesClient,
  place: Place,
  first: Content,
  signal: AbortSignal,
  retrying: (why: string) => void = () => undefined,
): AsyncGenerator<Buffer> {
  const { sizeBytes, etag, start } = first
  if (!Number.isSafeInteger(sizeBytes)) throw new RecoveryError("ProtocolError", "The file service named no size.")
  let body = first.body
  let position = start
  for (let failures = 0; ;) {
    try {
      for await (const chunk of body) {
        position += chunk.length
        if (position > sizeBytes)
          throw new RecoveryError("ProtocolError", `The file service sent more than the ${sizeBytes} bytes it named.`)
        failures = 0
        yield chunk
      }
      if (position === sizeBytes) return
      throw new RecoveryError("ConnectionLost", `The file ended after ${position} of ${sizeBytes} bytes.`)
    } catch (error) {
      const wait = pauses[failures++]
      if (!isBroken(error) || wait === undefined || position >= sizeBytes) throw error
      if (failures > 1) retrying(error.message)
      await pause(wait, signal)
      body = reopened(files, place, { start: position, etag }, signal)
    }
  }
}

async function* reopened(
  files: FilesClient,
  place: Place,
  part: { start: number; etag: string },
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  yield* (await files.content(place, part, signal)).body
}

/** What may heal while a pod is replaced. */
const healing: readonly Reason[] = ["ConnectionLost", "Busy", "NotReady", "ApiUnavailable"]

/** Whether a failure may heal while a pod is replaced, so that asking again makes sense. */
export function isBroken(error: unknown): error is RecoveryError {
  return error instanceof RecoveryError && healing.includes(error.code)
}
