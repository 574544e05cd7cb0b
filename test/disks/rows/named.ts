import { all } from "../keeping.ts"
import { group, mounted, unsupported } from "./words.ts"

const one = (name: string, sizeMiB: number) => [{ name, sizeMiB }]

/** What is recognised and named, with why it is not read. */
export const named = group("named only", [
  { name: "swap", disks: one("d", 16), make: "mkswap -q $d1", volumes: [unsupported("d", "swap", /no files/)] },
  {
    name: "bcache, backing device and cache",
    disks: [...one("backing", 128), ...one("cache", 128)],
    make: "make-bcache -B $d1 >/dev/null; make-bcache -C $d2 >/dev/null",
    volumes: [unsupported("backing", "member", /bcache/), unsupported("cache", "member", /bcache/)],
  },
  {
    name: "DRBD, internal metadata of an empty disk",
    disks: one("d", 64),
    make: "printf 'yes\\n' | drbdmeta --force 0 v09 $d1 internal create-md 1",
    volumes: [unsupported("d", "member", /DRBD/)],
  },
  {
    name: "Windows Storage Spaces, by the partition's type",
    disks: one("d", 64),
    make: `
      sgdisk -n 1:0:+16M -t 1:E3C9E316-0B5C-4DB8-817D-F92DF00215AE -n 2:0:0 -t 2:E75CAF8F-F680-4CEE-AFA3-B001E56EFC2D $d1
      blockdev --rereadpt $d1`,
    volumes: [unsupported("d-p1", "unknown", /reserved/), unsupported("d-p2", "member", /Storage Spaces/)],
  },
  {
    name: "ZFS, labels written by hand",
    disks: one("d", 64),
    // four uberblocks in the first label, as libblkid counts them (zfs.c: magic 0x00bab10c every 1 KiB from 128 KiB)
    make: `
      for at in {128..191} {384..447}; do printf '\\x0c\\xb1\\xba\\x00\\x00\\x00\\x00\\x00' | dd of=$d1 bs=1 seek=$((at * 1024)) conv=notrunc status=none; done`,
    volumes: [unsupported("d", "member", /ZFS/)],
  },
  {
    name: "VDO, its geometry block's magic written by hand",
    disks: one("d", 32),
    make: "printf 'dmvdo001' | dd of=$d1 conv=notrunc status=none",
    volumes: [unsupported("d", "member", /VDO/)],
  },
  {
    name: "ReFS, its boot sector's signature written by hand",
    disks: one("d", 32),
    make: "printf '\\0\\0\\0ReFS\\0\\0\\0\\0\\0FSRS' | dd of=$d1 conv=notrunc status=none",
    volumes: [unsupported("d", "filesystem", /ReFS/, { filesystem: "ReFS" })],
  },
  {
    name: "Minix, which nobody lists",
    disks: one("d", 16),
    make: "mkfs.minix $d1 >/dev/null",
    volumes: [unsupported("d", "filesystem", /minix is not supported/, { filesystem: "minix" })],
  },
  {
    name: "random bytes beside an ext4",
    disks: [...one("noise", 16), ...one("good", 32)],
    make: "head -c 16M /dev/urandom >$d1 || :; ext4 $d2",
    volumes: [unsupported("noise", "unknown", /No file system/), mounted("good", "ext4", { keeps: all })],
  },
  {
    name: "a corrupt ext4, a corrupt XFS and a good one beside them",
    disks: [...one("bad", 32), ...one("worse", 320), ...one("good", 32)],
    make: `
      ext4 $d1; mkfs.xfs -q $d2; fill $d2; ext4 $d3
      dd if=/dev/urandom of=$d1 bs=4096 seek=1 count=2000 conv=notrunc status=none
      dd if=/dev/urandom of=$d2 bs=512 seek=1 count=3000 conv=notrunc status=none`,
    volumes: [
      {
        path: "bad",
        kind: "filesystem",
        filesystem: "ext4",
        state: "Corrupt",
        reason: "VolumeCorrupt",
        says: /EXT4-fs/,
      },
      { path: "worse", kind: "filesystem", filesystem: "xfs", state: "Corrupt", reason: "VolumeCorrupt", says: /XFS/ },
      mounted("good", "ext4", { keeps: all }),
    ],
  },
])
