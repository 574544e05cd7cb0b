import { RecoveryError } from "../api/reasons.ts"

/** Splits a byte stream into lines (or what else one byte ends) of bounded length: whoever sends more is not our peer. */
export class LineSplitter {
  #parts: Buffer[] = []
  #length = 0
  readonly #maxBytes: number
  readonly #end: number

  constructor(maxBytes: number, end = 10) {
    this.#maxBytes = maxBytes
    this.#end = end
  }

  /** Bytes of a line that has not ended yet. */
  get pending(): number {
    return this.#length
  }

  /** The lines that are complete now, without their end. */
  feed(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = []
    let start = 0
    for (let end = chunk.indexOf(this.#end); end !== -1; end = chunk.indexOf(this.#end, start)) {
      lines.push(this.#take(chunk.subarray(start, end)))
      start = end + 1
    }
    this.#keep(chunk.subarray(start))
    return lines
  }

  #take(rest: Buffer): Buffer {
    this.#keep(rest)
    const line = Buffer.concat(this.#parts)
    this.#parts = []
    this.#length = 0
    return line
  }

  #keep(part: Buffer): void {
    this.#length += part.length
    if (this.#length > this.#maxBytes)
      throw new RecoveryError("ProtocolError", `The guest sent a line of more than ${this.#maxBytes} bytes.`)
    if (part.length > 0) this.#parts.push(part)
  }
}
