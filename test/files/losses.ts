import type { Entry } from "../disks/tree.ts"

/** What a way of copying may not keep. */
export type Loss =
  | "owners"
  | "modes"
  | "special bits"
  | "devices"
  | "pipes"
  | "links"
  | "links' times"
  | "hard links"
  | "trusted attributes"
  | "attributes"
  | "ACLs"
  | "times before 1970"
  | "times before 1980"
  | "nanoseconds"
  | "fractions of seconds"
  | "directories' times"
  | "times"
  | "empty directories"
  | "names that are no UTF-8"

/** To whom everything belongs that comes without owners. */
export interface Whose {
  readonly uid: number
  readonly gid: number
}

const trusted = /^(?:trusted|security)\./

/** What has to arrive of a tree by a way with these losses. */
export function expectedWith(tree: readonly Entry[], losses: readonly Loss[], { uid, gid }: Whose): Entry[] {
  const loses = (loss: Loss) => losses.includes(loss)
  const left = (name: string) => !loses("attributes") && !(loses("trusted attributes") && trusted.test(name))
  return tree
    .filter((entry) => isKept(entry, tree, loses))
    .map((entry): Entry => {
      const { xattrs = {}, acl, link, ...rest } = entry
      const original = loses("hard links") && entry.type === "hardlink" ? originalOf(entry, tree) : undefined
      const attributes = Object.entries(original?.xattrs ?? xattrs).filter(([name]) => left(name))
      return {
        ...rest,
        ...(original ? { type: original.type, content: original.content ?? Buffer.alloc(0) } : {}),
        ...(link && !original ? { link } : {}),
        mode: modeOf(entry, loses),
        mtime: timeOf(entry, losses),
        ...(loses("owners") ? { uid, gid } : {}),
        ...(attributes.length > 0 ? { xattrs: Object.fromEntries(attributes) } : {}),
        ...(acl !== undefined && !loses("ACLs") ? { acl } : {}),
      }
    })
}

function isKept({ type, name }: Entry, tree: readonly Entry[], loses: (loss: Loss) => boolean): boolean {
  if ((type === "char" || type === "block") && loses("devices")) return false
  if (type === "fifo" && loses("pipes")) return false
  if (type === "symlink" && loses("links")) return false
  if (type === "directory" && loses("empty directories") && !tree.some((other) => isBelow(other.name, name)))
    return false
  return !(loses("names that are no UTF-8") && !isUtf8(name))
}

const isBelow = (name: Buffer, directory: Buffer) =>
  name.toString("latin1").startsWith(`${directory.toString("latin1")}/`)
const isUtf8 = (name: Buffer) => Buffer.from(name.toString("utf8")).equals(name)
const originalOf = (entry: Entry, tree: readonly Entry[]) =>
  tree.find(({ name, type }) => type === "file" && entry.link?.equals(name))

function modeOf({ type, mode }: Entry, loses: (loss: Loss) => boolean): number {
  if (loses("modes")) return 0
  return loses("special bits") && type !== "symlink" ? mode & 0o777 : mode
}

/** What arrived, without what the way doesn't keep anyway, so that both sides can be compared. */
export function comparable(read: readonly Entry[], losses: readonly Loss[]): Entry[] {
  return read.map((entry) => ({
    ...entry,
    ...(losses.includes("modes") ? { mode: 0 } : {}),
    mtime: timeOf(entry, losses),
  }))
}

/** A time as exactly as it can be compared; what keeps microseconds may round either way. */
function timeOf({ type, mtime: time }: Entry, losses: readonly Loss[]): bigint {
  if (losses.includes("times") || (losses.includes("links' times") && type === "symlink")) return 0n
  if (losses.includes("times before 1980") && time < from1980) return from1980
  if (losses.includes("times before 1970") && time < 0n) return 0n
  if (losses.includes("fractions of seconds")) return time - mod(time, second)
  if (!losses.includes("nanoseconds")) return time
  const rounded = time + 500n
  return rounded - mod(rounded, 1000n)
}

const second = 1_000_000_000n
const from1980 = 315_532_800n * second
const mod = (value: bigint, by: bigint) => ((value % by) + by) % by
