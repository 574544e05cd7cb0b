import type { Socket } from "node:net"
import { RecoveryError } from "../api/reasons.ts"
import type { Deed } from "./blame.ts"
import { EndMark } from "./end-mark.ts"
import type { Late } from "./cpu/guest-clock.ts"
import { openSession, type SessionHost, type Word } from "./session.ts"
import { TooLate } from "./too-late.ts"

export interface VerbOptions {
  readonly signal?: AbortSignal | undefined
  /** What it does with what is on the disks. */
  readonly deed?: Deed
  /** How long it may take once it has begun, milliseconds of the guest's time; then it is ended, and TooLate is thrown. */
  readonly limitMs?: number
  /** One line for the verb's stdin. */
  readonly input?: string
  /** Makes the error of a verb that failed, from what it said on stderr (escaped). */
  readonly failed: (message: string, exitCode: number) => Error
}

/**
 * The output of a verb, as it comes. Throws at its end when the verb failed, and when the guest is lost.
 * Leaving the loop, or aborting, ends the verb and frees its port.
 */
export async function* streamVerb(
  host: SessionHost,
  verb: string,
  words: readonly Word[],
  options: VerbOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const { signal, input, failed, deed, limitMs } = options
  const session = await openSession(host, verb, words, { signal, deed })
  const mark = new EndMark(session.nonce)
  let late: Late | undefined
  const end = (how: Late) => {
    late = how
    session.close()
  }
  const stopLimit = limitMs === undefined ? undefined : host.clock.limit(limitMs, `The guest's ${verb}`, end)
  signal?.addEventListener("abort", session.close, { once: true })
  try {
    signal?.throwIfAborted()
    if (input !== undefined) session.socket.write(`${input}\n`)
    for await (const chunk of chunks(session.socket)) {
      const output = mark.feed(chunk)
      if (output !== undefined) yield output
      if (mark.end === undefined) continue
      if (mark.end.exitCode !== 0) throw failed(mark.end.message, mark.end.exitCode)
      return
    }
    signal?.throwIfAborted()
    if (late !== undefined) throw new TooLate(`The guest's ${verb} did not end`, late)
    throw new RecoveryError("GuestFailed", `The micro-VM or its ${verb} ended before the answer was complete.`)
  } finally {
    signal?.removeEventListener("abort", session.close)
    stopLimit?.()
    session.close()
  }
}

/** The whole output of a verb that says little. Rejects with ProtocolError when it is more than `maxBytes`. */
export async function runVerb(
  host: SessionHost,
  verb: string,
  words: readonly Word[],
  options: VerbOptions & { readonly maxBytes?: number },
): Promise<Buffer> {
  const { maxBytes = 64 << 10 } = options
  const parts: Buffer[] = []
  let length = 0
  for await (const part of streamVerb(host, verb, words, options)) {
    length += part.length
    if (length > maxBytes)
      throw new RecoveryError("ProtocolError", `The guest answers ${verb} with more than ${maxBytes} bytes.`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** What a socket receives. A socket that is destroyed just ends: why is for the reader to know. */
async function* chunks(socket: Socket): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const chunk of socket) yield chunk as Buffer
  } catch (error) {
    if (!socket.destroyed) throw error
  }
}
