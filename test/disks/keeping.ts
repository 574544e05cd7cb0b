import type { Entry } from "./tree.ts"
import { type TreeName, trees } from "./trees.ts"

const second = 1_000_000_000n

/** What a file system keeps of a tree that is put onto it. What it does not keep is what Linux shows instead. */
export interface Keeping {
  readonly tree: TreeName
  /** Modes are compared, owners are; without, everything belongs to root. */
  readonly owners: boolean
  /** Times: in steps of so many nanoseconds, between two dates (seconds since 1970). */
  readonly timeStep: bigint
  readonly times?: { readonly from: bigint; readonly to: bigint }
  /** Which extended attributes. */
  readonly xattrs: RegExp | undefined
  readonly acls: boolean
  /** Names of one file are known to be of one file. */
  readonly hardLinks: boolean
  /** Extended attributes that are read beside those of the tree. */
  readonly besides?: RegExp
  /** Entries that the file system, or what makes it, can't take. */
  readonly drops?: RegExp
  /** Times of directories are those of the tree. */
  readonly directoryTimes: boolean
}

/** ext4, XFS, Btrfs, F2FS: all of it. */
export const all: Keeping = {
  tree: "posix",
  owners: true,
  timeStep: 1n,
  xattrs: /./,
  acls: true,
  hardLinks: true,
  directoryTimes: true,
}

/** 32 bits of seconds with a sign: XFS before bigtime, ext4 with small inodes. */
export const until2038: Keeping = { ...all, times: { from: -(2n ** 31n), to: 2n ** 31n - 1n } }

/** Contents, names, some time. */
export const contents: Keeping = {
  tree: "plain",
  owners: false,
  timeStep: second,
  xattrs: undefined,
  acls: false,
  hardLinks: false,
  directoryTimes: false,
}

/** NTFS. Every file of it has a security descriptor and flags, of which the trees say nothing. */
export const ntfs: Keeping = { ...contents, timeStep: 100n, besides: /^system\.ntfs_/ }

/** What must come back. */
export function expectedEntries(keeping: Keeping): Entry[] {
  const { drops, owners, xattrs: kept, acls } = keeping
  return trees[keeping.tree]
    .filter(({ name }) => drops?.test(name.toString("latin1")) !== true)
    .map((entry): Entry => {
      const { xattrs = {}, acl, ...rest } = entry
      const left = Object.entries(xattrs).filter(([name]) => kept?.test(name) === true)
      return {
        ...rest,
        mtime: timeKept(entry.mtime, keeping),
        ...(owners ? {} : { uid: 0, gid: 0 }),
        ...(left.length === 0 ? {} : { xattrs: Object.fromEntries(left) }),
        ...(acls && acl !== undefined ? { acl } : {}),
      }
    })
}

/** Rounded down, and the nearest date there is. */
export function timeKept(time: bigint, { timeStep, times }: Keeping): bigint {
  if (times && time < times.from * second) return times.from * second
  if (times && time > times.to * second) return times.to * second
  const over = ((time % timeStep) + timeStep) % timeStep
  return time - over
}
