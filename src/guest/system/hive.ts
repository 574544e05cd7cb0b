/** Reads a part of a file; shorter at its end. */
export type ReadAt = (start: number, length: number) => Promise<Buffer>

/** A value of the registry: text, a number, or bytes of another kind. */
export type HiveValue = string | number | Buffer

/** What is wrong with a hive. */
export class HiveError extends Error {}

interface Key {
  readonly name: string
  readonly subkeys: number
  readonly values: readonly [count: number, list: number]
}

const headerBytes = 4096
const nothing = 0xffffffff
const maxReads = 2000
const maxBytes = 8 << 20
const maxCell = 64 << 10
const maxValues = 1000

/**
 * Reads values of a registry hive of Windows (regf), without reading all of it: a hive is large, and an enemy may have
 * written it. The work is bounded by reads and bytes, whatever it says. Layout: Maxim Suhanov's "Windows registry file format
 * specification". Throws HiveError.
 */
export class Hive {
  readonly #read: ReadAt
  readonly #root: number
  #reads = 0
  #bytes = 0

  private constructor(read: ReadAt, root: number) {
    this.#read = read
    this.#root = root
  }

  static async open(read: ReadAt): Promise<Hive> {
    const header = await read(0, 512)
    if (header.length < 512 || header.toString("latin1", 0, 4) !== "regf") throw new HiveError("it has no header")
    return new Hive(read, header.readUInt32LE(0x24))
  }

  /** The values of a key by their names in lower case; none when there is no such key. */
  async values(path: readonly string[]): Promise<ReadonlyMap<string, HiveValue>> {
    let key: Key | undefined = await this.#key(this.#root)
    for (const name of path) {
      key = await this.#child(key, name.toLowerCase())
      if (key === undefined) return new Map()
    }
    const [count, list] = key.values
    if (count === 0 || list === nothing) return new Map()
    const offsets = await this.#cell(list)
    const found = new Map<string, HiveValue>()
    for (let index = 0; index < Math.min(count, maxValues) && 4 * index + 4 <= offsets.length; index++) {
      const [name, value] = await this.#value(offsets.readUInt32LE(4 * index))
      if (value !== undefined) found.set(name, value)
    }
    return found
  }

  async #key(offset: number): Promise<Key> {
    const cell = await this.#cell(offset, 0x4c)
    if (cell.toString("latin1", 0, 2) !== "nk") throw new HiveError("a key is none")
    const length = cell.readUInt16LE(0x48)
    const encoding = (cell.readUInt16LE(2) & 0x20) !== 0 ? "latin1" : "utf16le"
    const name = cell.toString(encoding, 0x4c, Math.min(0x4c + length, cell.length)).toLowerCase()
    const subkeys = cell.readUInt32LE(0x14) === 0 ? nothing : cell.readUInt32LE(0x1c)
    return { name, subkeys, values: [cell.readUInt32LE(0x24), cell.readUInt32LE(0x28)] }
  }

  async #child({ subkeys }: Key, name: string): Promise<Key | undefined> {
    if (subkeys === nothing) return undefined
    for await (const offset of this.#candidates(subkeys, name, 0)) {
      const key = await this.#key(offset)
      if (key.name === name) return key
    }
    return undefined
  }

  /** Keys of a list that may have the name: most lists say something of each name. */
  async *#candidates(list: number, name: string, depth: number): AsyncGenerator<number> {
    const cell = await this.#cell(list, 4)
    const kind = cell.toString("latin1", 0, 2)
    const width = kind === "lf" || kind === "lh" ? 8 : 4
    const count = Math.min(cell.readUInt16LE(2), Math.floor((cell.length - 4) / width))
    for (let at = 4; at < 4 + count * width; at += width) {
      const offset = cell.readUInt32LE(at)
      if (kind === "ri" && depth < 2) yield* this.#candidates(offset, name, depth + 1)
      else if (kind === "li") yield offset
      else if (kind === "lh" && cell.readUInt32LE(at + 4) === hashOf(name)) yield offset
      else if (
        kind === "lf" &&
        cell
          .toString("latin1", at + 4, at + 8)
          .toLowerCase()
          .startsWith(name.slice(0, 4))
      )
        yield offset
    }
  }

  async #value(offset: number): Promise<[name: string, value: HiveValue | undefined]> {
    const cell = await this.#cell(offset, 0x14)
    if (cell.toString("latin1", 0, 2) !== "vk") throw new HiveError("a value is none")
    const encoding = (cell.readUInt16LE(0x10) & 1) !== 0 ? "latin1" : "utf16le"
    const name = cell.toString(encoding, 0x14, Math.min(0x14 + cell.readUInt16LE(2), cell.length)).toLowerCase()
    const size = cell.readUInt32LE(4)
    const isInline = size >= 0x80000000
    if (!isInline && size > maxCell) return [name, undefined]
    const data = isInline
      ? cell.subarray(8, 8 + Math.min(4, size - 0x80000000))
      : (await this.#cell(cell.readUInt32LE(8))).subarray(0, size)
    return [name, valueOf(cell.readUInt32LE(0xc), data)]
  }

  /** What a cell holds. */
  async #cell(offset: number, least = 0): Promise<Buffer> {
    const at = headerBytes + offset
    const head = await this.#take(at, 4)
    const size = -head.readInt32LE(0) - 4
    if (size < least || size > maxCell) throw new HiveError("a cell has an impossible size")
    return this.#take(at + 4, size)
  }

  async #take(start: number, length: number): Promise<Buffer> {
    this.#reads++
    this.#bytes += length
    if (this.#reads > maxReads || this.#bytes > maxBytes)
      throw new HiveError("what is looked for takes too long to find")
    const bytes = await this.#read(start, length)
    if (bytes.length < length) throw new HiveError("it is cut off")
    return bytes
  }
}

/** REG_SZ, REG_EXPAND_SZ, REG_DWORD; all else are bytes. */
function valueOf(type: number, data: Buffer): HiveValue {
  if (type === 1 || type === 2) return data.toString("utf16le").replace(/\0.*$/s, "")
  return type === 4 && data.length === 4 ? data.readUInt32LE(0) : data
}

/** As lists of the kind lh have it, of the name in upper case. */
function hashOf(name: string): number {
  let hash = 0
  for (const unit of name.toUpperCase()) hash = (Math.imul(hash, 37) + unit.charCodeAt(0)) >>> 0
  return hash
}
