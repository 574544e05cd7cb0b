import { RecoveryError } from "../api/reasons.ts"

/** Splits a byte stream into lines of bounded length: whoever sends more without a newline is not our peer. */
export class LineSplitter {
  #parts: Buffer[] = []
  #length = 0
  readonly #maxBytes: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The lines that are complete now, without their newline. */
  feed(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = []
    let start = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
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
