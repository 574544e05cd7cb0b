import { secondOf } from "../../api/nanoseconds.ts"
import type { Field } from "../../guest/sftp-wire.ts"
import { typeOf } from "../entry.ts"
import { displayName } from "../names.ts"
import type { FileType } from "../schemas.ts"
import type { Attributes, DirectoryEntry } from "../source.ts"

/** The root, which holds the volumes, and belongs to nobody. */
export const rootAttributes: Attributes = { mode: 0o040555, sizeBytes: 0, uid: 0, gid: 0, mtimeNs: 0n }

/** Fields of ATTRS: size, owner, mode and times (draft-ietf-secsh-filexfer-02, 5), whole seconds of 32 bits. */
export function attributeFields({ mode, sizeBytes, uid, gid, mtimeNs }: Attributes): Field[] {
  const seconds = seconds32(mtimeNs)
  return [0x0f, BigInt(sizeBytes), uid >>> 0, gid >>> 0, mode, seconds, seconds]
}

/** Fields of one entry of NAME: the name, a line for people, its attributes. */
export function entryFields(entry: DirectoryEntry): Field[] {
  return [entry.name, Buffer.from(longName(entry)), ...attributeFields(entry)]
}

const letters: Record<FileType, string> = {
  file: "-",
  directory: "d",
  symlink: "l",
  fifo: "p",
  socket: "s",
  block: "b",
  char: "c",
}

/** As `ls -ln` has it; clients show it as it is, so nothing in it may deceive a terminal. */
export function longName(entry: DirectoryEntry): string {
  const { mode, sizeBytes, uid, gid, mtimeNs, name } = entry
  const bits = [...Array(9).keys()].map((bit) => (mode & (0o400 >> bit) ? ("rwx"[bit % 3] ?? "") : "-"))
  const special = (at: number, bit: number, set: string) => {
    if (mode & bit) bits[at] = bits[at] === "x" ? set : set.toUpperCase()
  }
  special(2, 0o4000, "s")
  special(5, 0o2000, "s")
  special(8, 0o1000, "t")
  const owner = `${String(uid).padEnd(8)} ${String(gid).padEnd(8)}`
  return `${letters[typeOf(entry)]}${bits.join("")}    1 ${owner} ${String(sizeBytes).padStart(8)} ${date(mtimeNs)} ${displayName(name)}`
}

/** A time as version 3 can tell it: what is before 1970 as its beginning, what is after February 2106 as the end of that. */
const seconds32 = (mtimeNs: bigint) => Math.min(0xffffffff, Math.max(0, secondOf(mtimeNs)))

const date = (mtimeNs: bigint) => new Date(seconds32(mtimeNs) * 1000).toISOString().slice(0, 16).replace("T", " ")
