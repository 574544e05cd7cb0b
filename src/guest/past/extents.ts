import { RecoveryError } from "../../api/reasons.ts"
import { Unsuitable } from "./unsuitable.ts"

/** A part of a file that lies in one piece on the device of its file system, or that holds zeros; in bytes. */
export interface Extent {
  /** Where in the file it begins. */
  readonly at: number
  readonly length: number
  /** Where on the device it begins; zeros where there is none. */
  readonly place?: number
}

/** What the guest says of a part of a file. */
export interface FileExtents {
  /** Of its file system's device: MAJOR:MINOR. */
  readonly device: string
  /** From `start` to `end` of what was asked for, without a gap. */
  readonly extents: readonly Extent[]
}

/** Most extents that are asked for, and believed. */
export const maxExtents = 32_768

/**
 * File systems, by statfs' magic number, whose extents are bytes of their device: ext2, ext3 and ext4; XFS. Btrfs numbers
 * its bytes by itself; others were not tried.
 */
const trusted: ReadonlySet<string> = new Set(["ef53", "58465342"])

/** Flags of linux/fiemap.h that change nothing about where the bytes are; all others mean that they are elsewhere, or not as they lie. */
const harmless = 0x1 | 0x1000 | 0x2000 // last, merged (of single blocks), shared with other files
const unwritten = 0x800

const head = /^(\d{1,7}:\d{1,7}) (\d{1,19}) ([0-9a-f]{1,16})$/
const line = /^(\d{1,20}) (\d{1,20}) (\d{1,20}) ([0-9a-f]{1,8})$/

/**
 * Takes the answer of the verb `extents` (appliance/extents.c) apart: what lies from `start` to `end` of a file. Throws
 * Unsuitable for what can't be read past the guest, ProtocolError for what the guest never says.
 */
export function parseExtents(answer: Buffer, { start, end }: { start: number; end: number }): FileExtents {
  const [first = "", ...lines] = answer.toString("latin1").trimEnd().split("\n")
  const [, device, size, filesystem] = head.exec(first) ?? []
  if (device === undefined || filesystem === undefined) throw malformed()
  if (!trusted.has(filesystem)) throw new Unsuitable("volume", "its file system's extents are no places on its device")
  if (exact(size) < end) throw new Unsuitable("file", "it is shorter")
  if (lines.length > maxExtents) throw malformed()
  const extents: Extent[] = []
  let at = start
  for (const [, logical, physical, bytes, flags = ""] of lines.map((text) => line.exec(text) ?? [])) {
    const [from, place, length, bits] = [exact(logical), exact(physical), exact(bytes), Number.parseInt(flags, 16)]
    const to = from + length
    if (length === 0 || !Number.isSafeInteger(to) || !Number.isSafeInteger(place + length)) throw malformed()
    if ((bits & ~(harmless | unwritten)) !== 0) throw new Unsuitable("file", `an extent of it has the flags ${flags}`)
    const [first, last] = [Math.max(from, start), Math.min(to, end)]
    if (first >= last) continue // of what was not asked for
    if (first < at) throw malformed()
    if (first > at) extents.push({ at, length: first - at })
    const isZero = (bits & unwritten) !== 0
    extents.push({ at: first, length: last - first, ...(isZero ? {} : { place: place + (first - from) }) })
    at = last
  }
  if (at < end) extents.push({ at, length: end - at })
  return { device, extents }
}

/** What no exact number can hold is no size or place of a file. */
function exact(digits: string | undefined): number {
  const value = Number(digits)
  if (!Number.isSafeInteger(value)) throw malformed()
  return value
}

const malformed = () => new RecoveryError("ProtocolError", "The guest's extents of a file can't be right.")
