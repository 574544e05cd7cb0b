import { RecoveryError } from "../api/reasons.ts"
import { printable } from "./printable.ts"

/** How a verb ended in the guest. */
export interface VerbEnd {
  readonly exitCode: number
  /** What it said on stderr, escaped. */
  readonly message: string
}

/** What an earlier session may have left in the channel. */
const maxStaleBytes = 4 << 20
const maxEndBytes = 8192
/** Longest message, in characters: all that is told of a volume must go into the texts of the file service. */
const maxMessage = 2000

/**
 * Takes a session's bytes apart: `NONCE\n`, the output, `\nNONCE CODE STDERR(base64)\n`. The nonce is random and known only to
 * the agent and us, so no content of a disk can imitate the marks.
 */
export class EndMark {
  readonly #begin: Buffer
  readonly #mark: Buffer
  #held: Buffer = Buffer.alloc(0)
  #stale: number | undefined = 0
  #end: VerbEnd | undefined

  constructor(nonce: string) {
    this.#begin = Buffer.from(`${nonce}\n`)
    this.#mark = Buffer.from(`\n${nonce} `)
  }

  get end(): VerbEnd | undefined {
    return this.#end
  }

  /** The bytes of the output that `chunk` completes; sets `end` when the mark is complete. */
  feed(chunk: Buffer): Buffer | undefined {
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    if (this.#stale !== undefined) {
      const begin = bytes.indexOf(this.#begin)
      if (begin === -1) return this.#skipStale(bytes)
      bytes = bytes.subarray(begin + this.#begin.length)
      this.#stale = undefined
    }
    const at = bytes.indexOf(this.#mark)
    if (at !== -1) {
      this.#held = bytes.subarray(at)
      this.#readEnd()
      return nonEmpty(bytes.subarray(0, at))
    }
    const hold = couldBegin(bytes, this.#mark)
    this.#held = bytes.subarray(bytes.length - hold)
    return nonEmpty(bytes.subarray(0, bytes.length - hold))
  }

  #skipStale(bytes: Buffer): undefined {
    const keep = Math.min(bytes.length, this.#begin.length - 1)
    this.#stale = (this.#stale ?? 0) + bytes.length - keep
    this.#held = Buffer.from(bytes.subarray(bytes.length - keep))
    if (this.#stale > maxStaleBytes) throw broken("did not begin its answer")
    return undefined
  }

  #readEnd(): void {
    const newline = this.#held.indexOf(10, this.#mark.length)
    if (newline === -1) {
      if (this.#held.length > maxEndBytes) throw broken("did not end its answer")
      return
    }
    const match = /^(\d{1,3}) ([A-Za-z0-9+/=]*)$/.exec(this.#held.toString("latin1", this.#mark.length, newline))
    if (match === null || newline + 1 !== this.#held.length) throw broken("ended its answer in a wrong way")
    this.#end = { exitCode: Number(match[1]), message: stderrText(Buffer.from(match[2] ?? "", "base64")) }
  }
}

function stderrText(bytes: Buffer): string {
  const lines = bytes.toString("latin1").split("\n")
  const message = lines
    .filter((line) => line.trim() !== "")
    .map((line) => printable(Buffer.from(line, "latin1"), 500))
    .join("; ")
  return message.length > maxMessage ? `${message.slice(0, maxMessage - 1).toWellFormed()}…` : message
}

/** How many bytes at the end could be the beginning of `mark`. */
function couldBegin(bytes: Buffer, mark: Buffer): number {
  for (let at = Math.max(0, bytes.length - mark.length + 1); at < bytes.length; at++) {
    at = bytes.indexOf(10, at) // every mark begins with a newline
    if (at === -1) return 0
    const tail = bytes.subarray(at)
    if (tail.equals(mark.subarray(0, tail.length))) return tail.length
  }
  return 0
}

const nonEmpty = (bytes: Buffer) => (bytes.length > 0 ? bytes : undefined)

const broken = (what: string) => new RecoveryError("ProtocolError", `The guest ${what}; it can't be trusted any more.`)
