import { type Member, tarBytes } from "../support/tar-bytes.ts"

export type EntryType = "file" | "directory" | "symlink" | "hardlink" | "fifo" | "char" | "block"

/** One thing in a tree, as it is put onto a file system and as it has to come back. Devices are all 1:3. */
export interface Entry {
  readonly type: EntryType
  /** Relative to the tree, no slash at its end. */
  readonly name: Buffer
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Nanoseconds since 1970. */
  readonly mtime: bigint
  readonly content?: Buffer
  /** Of a symbolic link its text, of a hard link another name of the same file. */
  readonly link?: Buffer
  readonly xattrs?: Readonly<Record<string, Buffer>>
  /** POSIX ACL, short text form. */
  readonly acl?: string
}

const flags: Record<EntryType, string> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  char: "3",
  block: "4",
  directory: "5",
  fifo: "6",
}

/** The tree as a pax archive: all that a ustar header can't hold exactly stands in records. */
export function treeTar(tree: readonly Entry[]): Buffer {
  return tarBytes(
    tree.map((entry): Member => ({
      name: "x",
      type: flags[entry.type],
      mode: entry.mode,
      body: entry.content ?? "",
      pax: {
        path: entry.name,
        uid: String(entry.uid),
        gid: String(entry.gid),
        mtime: seconds(entry.mtime),
        ...(entry.link === undefined ? {} : { linkpath: entry.link }),
        ...(entry.acl === undefined ? {} : { "SCHILY.acl.access": entry.acl }),
        ...Object.fromEntries(Object.entries(entry.xattrs ?? {}).map(([key, value]) => [`SCHILY.xattr.${key}`, value])),
      },
    })),
  )
}

/** Nanoseconds as pax writes them: decimal seconds. */
function seconds(ns: bigint): string {
  const whole = ns < 0n ? -ns : ns
  return `${ns < 0n ? "-" : ""}${whole / 1_000_000_000n}.${String(whole % 1_000_000_000n).padStart(9, "0")}`
}
