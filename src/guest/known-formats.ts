import type { Volume } from "./catalogue.ts"

/** File systems the guest mounts, by blkid's name; appliance/volume has the same list. */
export const mountable: ReadonlySet<string> = new Set(
  "ext2 ext3 ext4 xfs btrfs f2fs vfat exfat ntfs hfsplus iso9660 udf squashfs erofs".split(" "),
)

/** Those of them whose journal, or log, can be left as it is; appliance/volume knows how. */
export const journaled: ReadonlySet<string> = new Set("ext3 ext4 xfs btrfs f2fs ntfs".split(" "))

/** What is recognised, but holds no files, or none that Debian's kernel and tools can reach: what it is, and why not. */
export const unreadable: ReadonlyMap<string, readonly [kind: Volume["kind"], why: string]> = new Map([
  ["swap", ["swap", "Swap space holds no files."]],
  ["swsuspend", ["swap", "Swap space with the image of a hibernated machine; it holds no files."]],
  ["jbd", ["member", "The journal of an ext4 on another device; it holds no files."]],
  ["xfs_external_log", ["member", "The log of an XFS on another device; it holds no files."]],
  ["zfs_member", ["member", "Member of a ZFS pool; Debian's kernel has no ZFS."]],
  ["ReFS", ["filesystem", "Linux can't read ReFS."]],
  ["apfs", ["filesystem", "Debian's kernel has no APFS."]],
  ["VMFS", ["filesystem", "Linux can't read VMFS."]],
  ["VMFS_volume_member", ["member", "Member of a VMFS; Linux can't read it."]],
  ["vdo", ["member", "A VDO volume, deduplicated and compressed; Debian has no tools that start it outside of LVM."]],
  ["bcache", ["member", "A bcache device; its cache and it are not put together here."]],
  ["drbd", ["member", "A DRBD replica; DRBD, which knows what of it is current, is not run here."]],
  ["LVM1_member", ["member", "Physical volume of LVM 1, which today's LVM can't read."]],
  ["DM_integrity", ["member", "A dm-integrity device that no other layer describes."]],
  ["DM_verity_hash", ["member", "The hash tree of a dm-verity device; it holds no files."]],
  ["stratis", ["member", "Member of a Stratis pool; Debian has no tools for it."]],
  ["ceph_bluestore", ["member", "The store of a Ceph OSD; its objects are no files."]],
  ["bcachefs", ["filesystem", "bcachefs is not supported."]],
])

/** Partitions of Windows' dynamic disks on a GPT: their database; their data. */
export const ldmMetadataType = "5808c8aa-7e8f-42e0-85d2-e1e90434cfb3"
export const ldmDataType = "af9b60a0-1431-4f62-bc68-3311714a69ad"

/** Partition types of those whose content has no signature of its own: GPT types, and those of an MBR in hexadecimal. */
export const partitionTypes: ReadonlyMap<string, readonly [kind: Volume["kind"], why: string]> = new Map([
  ["0x42", ["partitions", "Windows dynamic disk."]],
  [ldmMetadataType, ["partitions", "Windows dynamic disk."]],
  [ldmDataType, ["partitions", "Windows dynamic disk."]],
  [
    "e75caf8f-f680-4cee-afa3-b001e56efc2d",
    ["member", "Member of a pool of Windows Storage Spaces; Linux can't read it."],
  ],
  ["e3c9e316-0b5c-4db8-817d-f92df00215ae", ["unknown", "Microsoft's reserved partition; it holds no files."]],
  ["21686148-6449-6e6f-744e-656564454649", ["unknown", "BIOS boot partition: a boot loader, no files."]],
])
