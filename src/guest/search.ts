import { nanosecondsFrom, secondOf } from "../api/nanoseconds.ts"
import { RecoveryError } from "../api/reasons.ts"
import { LineSplitter } from "./lines.ts"
import type { Word } from "./session.ts"
import type { SftpAttributes } from "./sftp-wire.ts"

/** What find looks for; all of it must hold. Sizes in bytes, times in nanoseconds since the epoch. */
export interface FindTests {
  readonly name?: { readonly pattern: Buffer; readonly ignoreCase: boolean }
  readonly types: readonly (keyof typeof letters)[]
  readonly minSize?: number | undefined
  readonly maxSize?: number | undefined
  readonly newer?: bigint | undefined
  readonly older?: bigint | undefined
}

export interface FoundEntry extends SftpAttributes {
  /** Absolute in the volume. */
  readonly path: Buffer
  readonly linkTarget?: Buffer
}

/** Types as find names them, and as st_mode has them. */
const letters = { file: "f", directory: "d", symlink: "l", fifo: "p", socket: "s", block: "b", char: "c" } as const
const typeBits: Readonly<Record<string, number>> = {
  f: 0o100000,
  d: 0o040000,
  l: 0o120000,
  p: 0o010000,
  s: 0o140000,
  b: 0o060000,
  c: 0o020000,
}

/** A field of what find prints: paths may be longer than PATH_MAX. */
const maxFieldBytes = 64 << 10

/** The words of the verb `search` behind root and path: a key and a value for each test, times by whole seconds around them. */
export function findWords({ name, types, minSize, maxSize, newer, older }: FindTests): Word[] {
  const words: Word[] = []
  if (name) words.push(name.ignoreCase ? "iname" : "name", name.pattern)
  if (types.length > 0) words.push("type", [...new Set(types)].map((type) => letters[type]).join(","))
  if (minSize !== undefined && minSize > 0) words.push("larger", String(minSize - 1))
  if (maxSize !== undefined) words.push("smaller", String(maxSize + 1))
  // find asks for what is newer than that, or isn't
  if (newer !== undefined) words.push("newer", String(secondOf(newer) - 1))
  if (older !== undefined) words.push("older", String(secondOf(older) + 1))
  return words
}

/** Reads what the verb `search` says: three fields for each file, each ended by NUL. */
export async function* readFound(output: AsyncIterable<Buffer>): AsyncGenerator<FoundEntry[], void, undefined> {
  const splitter = new LineSplitter(maxFieldBytes, 0)
  let fields: Buffer[] = []
  for await (const chunk of output) {
    fields.push(...splitter.feed(chunk))
    const whole = fields.length - (fields.length % 3)
    const found: FoundEntry[] = []
    for (let at = 0; at < whole; at += 3) found.push(readEntry(fields.slice(at, at + 3)))
    fields = fields.slice(whole)
    if (found.length > 0) yield found
  }
  if (fields.length > 0 || splitter.pending > 0) throw malformed()
}

/** find writes seconds and nanoseconds of a timespec one behind the other, also before 1970: half a second before is -1.5. */
const shape = /^([a-zA-Z?]) ([0-7]{1,5}) (\d{1,10}) (\d{1,10}) (\d{1,16}) (-?\d{1,15})\.(\d{9})\d?$/

function readEntry([attributes, path, target]: Buffer[]): FoundEntry {
  const match = shape.exec(attributes?.toString("latin1") ?? "")
  if (!match || path?.[0] !== 0x2f || target === undefined) throw malformed()
  const [, type = "", mode = "", uid, gid, size, seconds, nanoseconds] = match
  const sizeBytes = Number(size)
  if (!Number.isSafeInteger(sizeBytes)) throw malformed()
  return {
    path: Buffer.from(path),
    // a type that is none stays one
    mode: (typeBits[type] ?? 0) | (Number.parseInt(mode, 8) & 0o7777),
    uid: Number(uid),
    gid: Number(gid),
    sizeBytes,
    mtimeNs: nanosecondsFrom(Number(seconds), Number(nanoseconds)),
    ...(target.length > 0 ? { linkTarget: Buffer.from(target) } : {}),
  }
}

const malformed = () => new RecoveryError("ProtocolError", "The guest's search answered something else than files.")
