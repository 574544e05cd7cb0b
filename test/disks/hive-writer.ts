/** A key of the registry as a test writes it. */
export interface HiveKey {
  readonly keys?: Readonly<Record<string, HiveKey>>
  /** Text, a number of 32 bits, or bytes. */
  readonly values?: Readonly<Record<string, string | number | Buffer>>
}

export type ListKind = "lf" | "lh" | "li" | "ri"

const binBytes = 4096
const none = 0xffffffff

/**
 * A registry hive (regf 1.5) with one bin, after Maxim Suhanov's specification; nothing of the reader in src is used. Subkeys are
 * listed as `lists` says: `ri` is a list of lists of two.
 */
export function hive(root: HiveKey, lists: ListKind = "lh"): Buffer {
  const cells: Buffer[] = []
  let end = 32
  const add = (content: Buffer): number => {
    const offset = end
    const size = Math.ceil((content.length + 4) / 8) * 8
    const cell = Buffer.alloc(size)
    cell.writeInt32LE(-size, 0)
    content.copy(cell, 4)
    cells.push(cell)
    end += size
    return offset
  }
  const rootCell = key("ROOT", root, none)

  function key(name: string, { keys = {}, values = {} }: HiveKey, parent: number): number {
    const own = Buffer.alloc(0x4c + name.length)
    const at = add(own)
    const subkeys = Object.entries(keys)
      .sort(([a], [b]) => (a.toUpperCase() < b.toUpperCase() ? -1 : 1))
      .map(([name, key]) => [name, key] as const)
      .map(([child, content]) => [child, key(child, content, at)] as const)
    const offsets = Object.entries(values).map(([name, content]) => value(name, content))
    own.write("nk", 0)
    own.writeUInt16LE(parent === none ? 0x2c : 0x20, 2)
    own.writeUInt32LE(parent === none ? 0 : parent, 0x10)
    own.writeUInt32LE(subkeys.length, 0x14)
    own.writeUInt32LE(subkeys.length === 0 ? none : list(subkeys, lists), 0x1c)
    own.writeUInt32LE(none, 0x20)
    own.writeUInt32LE(offsets.length, 0x24)
    own.writeUInt32LE(offsets.length === 0 ? none : add(numbers(offsets)), 0x28)
    own.writeUInt32LE(none, 0x2c)
    own.writeUInt32LE(none, 0x30)
    own.writeUInt16LE(name.length, 0x48)
    own.write(name, 0x4c, "latin1")
    own.copy(cells[cellAt(at)] ?? Buffer.alloc(0), 4)
    return at
  }

  function cellAt(offset: number): number {
    let at = 32
    return cells.findIndex((cell) => {
      const found = at === offset
      at += cell.length
      return found
    })
  }

  function list(subkeys: readonly (readonly [string, number])[], kind: ListKind): number {
    if (kind === "ri") {
      const parts: number[] = []
      for (let at = 0; at < subkeys.length; at += 2) parts.push(list(subkeys.slice(at, at + 2), "lh"))
      return add(Buffer.concat([head(kind, parts.length), numbers(parts)]))
    }
    const entries = subkeys.map(([name, offset]) => {
      if (kind === "li") return numbers([offset])
      const hint = kind === "lh" ? numbers([hash(name)]) : Buffer.from(name.slice(0, 4).padEnd(4, "\0"), "latin1")
      return Buffer.concat([numbers([offset]), hint])
    })
    return add(Buffer.concat([head(kind, subkeys.length), ...entries]))
  }

  function value(name: string, content: string | number | Buffer): number {
    const own = Buffer.alloc(0x14 + name.length)
    const type = typeof content === "string" ? 1 : typeof content === "number" ? 4 : 3
    own.write("vk", 0)
    own.writeUInt16LE(name.length, 2)
    if (typeof content === "number") {
      own.writeUInt32LE(0x80000004, 4)
      own.writeUInt32LE(content, 8)
    } else {
      const bytes = typeof content === "string" ? Buffer.from(`${content}\0`, "utf16le") : content
      own.writeUInt32LE(bytes.length, 4)
      own.writeUInt32LE(add(bytes), 8)
    }
    own.writeUInt32LE(type, 0xc)
    own.writeUInt16LE(1, 0x10)
    own.write(name, 0x14, "latin1")
    return add(own)
  }

  return bound(Buffer.concat(cells), end, rootCell)
}

function head(kind: ListKind, count: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.write(kind, 0)
  bytes.writeUInt16LE(count, 2)
  return bytes
}

function numbers(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, 4 * index)
  return bytes
}

function hash(name: string): number {
  return Buffer.from(name.toUpperCase(), "latin1").reduce((sum, byte) => (Math.imul(sum, 37) + byte) >>> 0, 0)
}

/** The header, and the bin around the cells, its rest free. */
function bound(cells: Buffer, end: number, root: number): Buffer {
  const size = Math.ceil((end + 8) / binBytes) * binBytes
  const bin = Buffer.alloc(size)
  bin.write("hbin", 0)
  bin.writeUInt32LE(size, 8)
  cells.copy(bin, 32)
  bin.writeInt32LE(size - end, end)
  const header = Buffer.alloc(4096)
  header.write("regf", 0)
  for (const [at, value] of [
    [4, 1],
    [8, 1],
    [0x14, 1],
    [0x18, 5],
    [0x20, 1],
    [0x24, root],
    [0x28, size],
    [0x2c, 1],
  ] as const)
    header.writeUInt32LE(value, at)
  let sum = 0
  for (let at = 0; at < 508; at += 4) sum = (sum ^ header.readUInt32LE(at)) >>> 0
  header.writeUInt32LE(sum, 508)
  return Buffer.concat([header, bin])
}
