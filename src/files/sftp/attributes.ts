import type { Field } from "../../guest/sftp-wire.ts"
import { typeOf } from "../entry.ts"
import { displayName } from "../names.ts"
import type { FileType } from "../schemas.ts"
import type { Attributes, DirectoryEntry } from "../source.ts"

/** The root, which holds the volumes, and belongs to nobody. */
export const rootAttributes: Attributes = { mode: 0o040555, sizeBytes: 0, uid: 0, gid: 0, mtime: 0 }

/** Fields of ATTRS: size, owner, mode and times (draft-ietf-secsh-filexfer-02, 5), whole seconds of 32 bits. */
export function attributeFields({ mode, sizeBytes, uid, gid, mtime }: Attributes): Field[] {
  const seconds = Math.min(0xffffffff, Math.max(0, Math.floor(mtime)))
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
  const { mode, sizeBytes, uid, gid, mtime, name } = entry
  const bits = [...Array(9).keys()].map((bit) => (mode & (0o400 >> bit) ? ("rwx"[bit % 3] ?? "") : "-"))
  const special = (at: number, bit: number, set: string) => {
    if (mode & bit) bits[at] = bits[at] === "x" ? set : set.toUpperCase()
  }
  special(2, 0o4000, "s")
  special(5, 0o2000, "s")
  special(8, 0o1000, "t")
  const owner = `${String(uid).padEnd(8)} ${String(gid).padEnd(8)}`
  return `${letters[typeOf(entry)]}${bits.join("")}    1 ${owner} ${String(sizeBytes).padStart(8)} ${date(mtime)} ${displayName(name)}`
}

function date(seconds: number): string {
  const when = new Date(seconds * 1000)
  return Number.isNaN(when.getTime()) ? "1970-01-01 00:00" : when.toISOString().slice(0, 16).replace("T", " ")
}
