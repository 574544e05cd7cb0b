import { Sensitive } from "../../../src/observability/sensitive.ts"
import { all } from "../keeping.ts"
import type { Row } from "../row.ts"
import { group, mounted } from "./words.ts"

/**
 * Copies $d1 as a crash would leave it, from below the device that is mounted: a file that was written and synced is in the
 * journal only, as nothing makes the kernel write its metadata to its place. Reading a mounted device itself does.
 */
const crash = (device: string) => `
  mkdir -p /made/dirty; mount ${device} /made/dirty; mkdir /made/dirty/later; sync
  echo x >/made/dirty/later/file; sync /made/dirty/later/file
  dd if=$d1 of=/made/crashed bs=1M status=none iflag=direct
  umount /made/dirty`
const putBack = "cat /made/crashed >$d1; rm /made/crashed"
const crashed = `
  dmsetup create j --table "0 $(blockdev --getsz $d1) linear $d1 0"; ${crash("/dev/mapper/j")}
  dmsetup remove j; ${putBack}`

const fileSystems = [
  ["ext3", 32, "mkfs.ext3 -q -F $d1"],
  ["ext4", 32, "mkfs.ext4 -q -F $d1"],
  ["xfs", 320, "mkfs.xfs -q $d1"],
  ["btrfs", 128, "mkfs.btrfs -q $d1"],
  ["f2fs", 64, "mkfs.f2fs -q $d1"],
] as const

/** Both ways with a journal: what it holds is there, or is not, and nothing else is touched by that. */
const bothWays = (name: string, row: Omit<Row, "group" | "name" | "volumes">, filesystem: string, path = "j") => [
  {
    ...row,
    name: `${name}, replayed`,
    volumes: [
      mounted(path, filesystem, { keeps: all, also: { "later/file": "x\n" }, besides: /^(lost\+found|later)$/ }),
    ],
  },
  {
    ...row,
    name: `${name}, skipped`,
    journal: "Skip" as const,
    volumes: [mounted(path, filesystem, { journal: "Skipped", keeps: all, besides: /^(lost\+found|later)$/ })],
  },
]

const disk = (sizeMiB: number) => [{ name: "j", sizeMiB }]
const key = "printf secret | cryptsetup"
const broken = {
  disks: disk(32),
  make: `
    mkfs.ext4 -q -F $d1; fill $d1; ${crashed}
    block=$(debugfs -R 'bmap <8> 0' $d1 2>/dev/null)
    dd if=/dev/urandom of=$d1 bs=$(tune2fs -l $d1 | sed -n 's/^Block size: *//p') seek=$block count=1 conv=notrunc status=none`,
}

/** Journals that were not written back. Another, on a degraded array: raid.ts. */
export const journals = group("journals", [
  ...fileSystems.flatMap(([name, sizeMiB, make]) =>
    bothWays(name, { disks: disk(sizeMiB), make: `${make}; fill $d1; ${crashed}` }, name),
  ),
  ...bothWays(
    "ext4 in LUKS",
    {
      disks: disk(64),
      make: `
        ${key} luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file=- $d1
        ${key} open --key-file=- $d1 inside; ext4 /dev/mapper/inside
        ${crash("/dev/mapper/inside")}; cryptsetup close inside; ${putBack}`,
      keys: [{ name: "the key", value: new Sensitive(Buffer.from("secret")) }],
    },
    "ext4",
  ),
  {
    ...broken,
    name: "ext4 whose journal is broken, replayed",
    volumes: [
      {
        path: "j",
        kind: "filesystem",
        filesystem: "ext4",
        state: "Corrupt",
        reason: "VolumeCorrupt",
        says: /journal/i,
      },
    ],
  },
  {
    ...broken,
    name: "ext4 whose journal is broken, skipped",
    journal: "Skip",
    volumes: [mounted("j", "ext4", { journal: "Skipped", keeps: all, besides: /^(lost\+found|later)$/ })],
  },
  {
    name: "file systems without a journal don't say that it was skipped",
    disks: ["e2", "fat"].map((name) => ({ name, sizeMiB: 32 })),
    make: "mkfs.ext2 -q -F $d1; fill $d1; mkfs.vfat $d2 >/dev/null",
    journal: "Skip",
    volumes: [mounted("e2", "ext2", { keeps: all }), mounted("fat-p1", "vfat")],
  },
])
