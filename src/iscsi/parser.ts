import { RecoveryError } from "../api/reasons.ts"
import { additionalLengthOf, dataLengthOf, headerBytes, paddingFor } from "./header.ts"

/** Who takes the PDUs. Both buffers are only valid during the call. */
export interface PduSink {
  /** Names the buffer a data segment is copied to, exactly `length` bytes; undefined lets the parser find room. */
  place?(header: Buffer, length: number): Buffer | undefined
  pdu(header: Buffer, data: Buffer): void
}

const empty = Buffer.alloc(0)

/**
 * Cuts a byte stream into PDUs (RFC 7143 section 11.2), no digests. Holds at most one header and one data segment of
 * `maxDataBytes`, whatever the peer sends; a longer segment throws `ProtocolError`. Additional headers are skipped.
 */
export class PduParser {
  /** The longest data segment accepted, in bytes; may change between PDUs. */
  maxDataBytes: number
  readonly #sink: PduSink
  readonly #partial = Buffer.alloc(headerBytes)
  #header: Buffer = empty
  #have = 0
  #skip = 0
  #data: Buffer = empty
  #filled = 0
  #inData = false
  #padding = 0
  #closed = false

  constructor(sink: PduSink, maxDataBytes: number) {
    this.#sink = sink
    this.maxDataBytes = maxDataBytes
  }

  /** Nothing is delivered or written any more, not even what is left of the chunk being parsed. */
  close(): void {
    this.#closed = true
  }

  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && !this.#closed) {
      at = this.#inData ? this.#takeData(chunk, at) : this.#takeHeader(chunk, at)
    }
  }

  #takeHeader(chunk: Buffer, at: number): number {
    if (this.#have === 0 && chunk.length - at >= headerBytes) {
      this.#begin(chunk.subarray(at, at + headerBytes))
      return this.#wholeInChunk(chunk, at + headerBytes)
    }
    const copied = chunk.copy(this.#partial, this.#have, at, at + headerBytes - this.#have)
    this.#have += copied
    if (this.#have < headerBytes) return at + copied
    this.#have = 0
    this.#begin(this.#partial)
    return this.#wholeInChunk(chunk, at + copied)
  }

  #begin(header: Buffer): void {
    const length = dataLengthOf(header)
    if (length > this.maxDataBytes) {
      throw new RecoveryError(
        "ProtocolError",
        `a PDU announces ${length} bytes of data, ${this.maxDataBytes} are allowed`,
      )
    }
    this.#header = header
    this.#skip = additionalLengthOf(header)
    this.#padding = paddingFor(length)
    this.#filled = 0
    this.#inData = true
  }

  /** The quick way: no additional header, and the data segment needs no place of its own because it is all here. */
  #wholeInChunk(chunk: Buffer, at: number): number {
    const length = dataLengthOf(this.#header)
    const place = length > 0 ? this.#sink.place?.(this.#header, length) : empty
    if (place && place.length !== length)
      throw new RecoveryError("ProtocolError", "a data segment doesn't fit its place")
    const end = at + length + this.#padding
    if (this.#skip === 0 && end <= chunk.length) {
      const data = chunk.subarray(at, at + length)
      if (place && length > 0) data.copy(place)
      this.#deliver(place ?? data)
      return end
    }
    this.#data = place ?? Buffer.allocUnsafe(length)
    if (this.#header !== this.#partial) {
      this.#header.copy(this.#partial)
      this.#header = this.#partial
    }
    return this.#takeData(chunk, at)
  }

  #takeData(chunk: Buffer, start: number): number {
    let at = start
    const skipped = Math.min(this.#skip, chunk.length - at)
    this.#skip -= skipped
    at += skipped
    const copied = chunk.copy(this.#data, this.#filled, at, at + this.#data.length - this.#filled)
    this.#filled += copied
    at += copied
    if (this.#skip > 0 || this.#filled < this.#data.length) return at
    const padding = Math.min(this.#padding, chunk.length - at)
    this.#padding -= padding
    if (this.#padding === 0) this.#deliver(this.#data)
    return at + padding
  }

  #deliver(data: Buffer): void {
    this.#inData = false
    this.#data = empty
    this.#sink.pdu(this.#header, data)
  }
}
