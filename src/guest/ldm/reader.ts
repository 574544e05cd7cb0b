/** What is wrong with a database of dynamic disks. The words are ours; they name nothing that the disk says. */
export class LdmError extends Error {}

/**
 * Reads the fields of a structure one after the other, big-endian. Whoever wrote it may lie: what lies outside of it, and
 * numbers that no disk has, throw LdmError.
 */
export class FieldReader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes
    this.#at = at
  }

  take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new LdmError("a structure is cut off")
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }

  skip(length: number): this {
    this.take(length)
    return this
  }

  u8(): number {
    return this.take(1).readUInt8()
  }

  u16(): number {
    return this.take(2).readUInt16BE()
  }

  u32(): number {
    return this.take(4).readUInt32BE()
  }

  u64(): number {
    return safe(this.take(8).readBigUInt64BE())
  }

  /** A number behind the byte that says how long it is. */
  number(): number {
    const length = this.u8()
    if (length > 8) throw new LdmError("a number is longer than 8 bytes")
    return safe(this.take(length).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n))
  }

  /** A text behind the byte that says how long it is; Latin-1, which shows what the bytes are. */
  text(): string {
    return this.take(this.u8()).toString("latin1")
  }

  /** A text of a fixed place, up to its first NUL. */
  fixedText(length: number): string {
    return this.take(length).toString("latin1").replace(/\0.*$/s, "")
  }
}

function safe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new LdmError("a number is larger than any disk")
  return Number(value)
}
