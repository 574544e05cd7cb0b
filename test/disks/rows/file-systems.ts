import { dirname } from "node:path"
import { all, contents, ntfs, until2038 } from "../keeping.ts"
import type { TreeName } from "../trees.ts"
import { hex, putStreams, streams } from "./streams.ts"
import { group, mounted } from "./words.ts"

/** A tree for tools that make a file system of a directory, without what they can't take. */
function tree(name: TreeName, ...without: string[]): string {
  const remove = without.map((path) => {
    const folder = `/made/t/${dirname(path)}`
    return `touch -r ${folder} /run/time; rm /made/t/${path}; touch -r /run/time ${folder}`
  })
  return `mkdir /made/t; put ${name} /made/t; ${remove.join("; ")}`
}

/** What `seq 60000` says: much that is alike, for file systems that compress. */
const lines = Array.from({ length: 60_000 }, (_, at) => `${at + 1}\n`).join("")

const one = (name: string, sizeMiB: number) => [{ name, sizeMiB }]

/** File systems of Linux, all on whole disks. */
export const fileSystems = group("file systems", [
  {
    name: "ext2",
    disks: one("d", 32),
    make: "mkfs.ext2 -q -F $d1; fill $d1",
    volumes: [mounted("d", "ext2", { keeps: all })],
  },
  {
    name: "ext3",
    disks: one("d", 32),
    make: "mkfs.ext3 -q -F $d1; fill $d1",
    volumes: [mounted("d", "ext3", { keeps: all })],
  },
  {
    name: "ext4 of 1 KiB blocks and inodes of 128 bytes",
    disks: one("d", 32),
    make: "ext4 $d1 -I 128 -b 1024",
    volumes: [mounted("d", "ext4", { keeps: { ...until2038, timeStep: 1_000_000_000n } })],
  },
  {
    name: "ext4 with inline data, quotas, casefold, encrypt, metadata_csum_seed",
    disks: one("d", 48),
    make: "ext4 $d1 -O inline_data,quota,project,casefold,encrypt,metadata_csum_seed -I 512 -b 4096",
    volumes: [mounted("d", "ext4", { keeps: all })],
  },
  {
    name: "XFS, version 5",
    disks: one("d", 320),
    make: "mkfs.xfs -q -L FIVE $d1; fill $d1",
    volumes: [mounted("d", "xfs", { label: "FIVE", keeps: all })],
  },
  {
    name: "XFS, version 4",
    disks: one("d", 320),
    make: "mkfs.xfs -q -m crc=0 $d1; fill $d1",
    volumes: [mounted("d", "xfs", { keeps: until2038 })],
  },
  {
    name: "XFS of 1 KiB blocks and large directory blocks, with rmapbt, without reflink",
    disks: one("d", 320),
    make: "mkfs.xfs -q -b size=1024 -m reflink=0,rmapbt=1 -n size=8192 $d1; fill $d1",
    volumes: [mounted("d", "xfs", { keeps: all })],
  },
  {
    name: "XFS, the same UUID on two disks",
    disks: [...one("first", 320), ...one("second", 320)],
    make: "mkfs.xfs -q -L TWIN $d1; fill $d1; dd if=$d1 of=$d2 bs=1M conv=sparse status=none",
    volumes: [
      mounted("first", "xfs", { label: "TWIN", keeps: all }),
      mounted("second", "xfs", { label: "TWIN", keeps: all }),
    ],
  },
  {
    name: "Btrfs, with subvolumes, a snapshot, another default, compression",
    disks: one("d", 256),
    make: `
      mkfs.btrfs -q -L ROOT $d1
      mkdir -p /made/b; mount -o compress-force=zstd $d1 /made/b
      btrfs -q subvolume create /made/b/@; btrfs -q subvolume create /made/b/@home
      put posix /made/b/@home
      btrfs -q subvolume snapshot -r /made/b/@home /made/b/@home-snapshot
      btrfs subvolume set-default /made/b/@`,
    volumes: [
      mounted("d", "btrfs", { keeps: all, at: ["@home", "@home-snapshot"], besides: /^@(home(-snapshot)?)?$/ }),
    ],
  },
  {
    name: "Btrfs over three disks, data striped, metadata mirrored",
    disks: [...one("b1", 200), ...one("b2", 200), ...one("b3", 200)],
    make: "mkfs.btrfs -q -d raid0 -m raid1 $d1 $d2 $d3; fill $d1 posix -o device=$d2,device=$d3",
    volumes: [mounted("b1", "btrfs", { on: ["disk b1", "disk b2", "disk b3"], keeps: all })],
  },
  {
    name: "Btrfs mirrored over two disks, one of them lost",
    disks: [...one("b1", 200), ...one("b2", 200)],
    make: "mkfs.btrfs -q -d raid1 -m raid1 $d1 $d2; fill $d1 posix -o device=$d2",
    without: ["b2"],
    volumes: [mounted("b1", "btrfs", { keeps: all })],
  },
  {
    name: "Btrfs, the same UUID on two disks",
    disks: [...one("first", 128), ...one("second", 128)],
    make: "mkfs.btrfs -q $d1; fill $d1; dd if=$d1 of=$d2 bs=1M conv=sparse status=none",
    volumes: [mounted("first", "btrfs", { keeps: all }), mounted("second", "btrfs", { keeps: all })],
  },
  {
    name: "F2FS",
    disks: one("d", 128),
    make: "mkfs.f2fs -q -f -l FLASH -O extra_attr,inode_checksum,inode_crtime,compression $d1; fill $d1",
    volumes: [mounted("d", "f2fs", { label: "FLASH", keeps: all })],
  },
  {
    name: "SquashFS, zstd",
    disks: one("d", 16),
    make: `${tree("posix", "meta/old")}
      mksquashfs /made/t /made/image -quiet -no-progress -comp zstd -xattrs
      cat /made/image >$d1`,
    volumes: [
      mounted("d", "squashfs", {
        // 32 bits of seconds without a sign; ACLs have no place in it
        keeps: { ...all, timeStep: 1_000_000_000n, acls: false, drops: /^meta\/old$/ },
      }),
    ],
  },
  {
    // as most are; it then says of every file that there is no such thing as attributes
    name: "SquashFS, xz, without attributes",
    disks: one("d", 16),
    make: `${tree("posix", "meta/old")}
      mksquashfs /made/t /made/image -quiet -no-progress -comp xz -no-xattrs
      cat /made/image >$d1`,
    volumes: [
      mounted("d", "squashfs", {
        keeps: { ...all, timeStep: 1_000_000_000n, acls: false, xattrs: undefined, drops: /^meta\/old$/ },
      }),
    ],
  },
  {
    name: "EROFS, lz4hc",
    disks: one("d", 16),
    make: `${tree("posix", "odd/nnn*")} # this mkfs takes no name of 255 bytes
      mkfs.erofs --quiet -zlz4hc /made/image /made/t
      cat /made/image >$d1`,
    volumes: [mounted("d", "erofs", { keeps: { ...all, drops: /nnn/ } })],
  },
])

/** File systems of other systems. */
export const foreign = group("foreign file systems", [
  ...[12, 16, 32].map((bits) => ({
    // mkfs writes an MBR with one partition that begins at 0, for Windows: so does the kernel see it
    name: `FAT${bits}`,
    disks: one("d", { 12: 16, 16: 64, 32: 128 }[bits] ?? 0),
    make: `mkfs.vfat -F ${bits} -n STICK $d1; fill $d1 plain -o iocharset=utf8`,
    volumes: [mounted("d-p1", "vfat", { label: "STICK", keeps: { ...contents, timeStep: 2_000_000_000n } })],
  })),
  {
    name: "exFAT",
    disks: one("d", 64),
    make: "mkfs.exfat -L CARD $d1 >/dev/null; fill $d1 plain -o iocharset=utf8",
    volumes: [mounted("d", "exfat", { label: "CARD", keeps: { ...contents, timeStep: 10_000_000n } })],
  },
  {
    name: "NTFS: sparse, compressed and plain files",
    disks: one("ntfs", 64),
    make: `
      sfdisk -q $d1 <<<'label: dos
        type=7'
      mkntfs -q -f -L DATEN \${d1}1
      mkdir -p /made/n; ntfs-3g -o compression,streams_interface=windows \${d1}1 /made/n
      put plain /made/n
      mkdir /made/n/compressed
      setfattr -n system.ntfs_attrib_be -v 0x00000810 /made/n/compressed
      put plain /made/n/compressed; seq 60000 >/made/n/lines
      seq 60000 >/made/n/compressed/lines; [ "$(stat -c %b /made/n/compressed/lines)" -lt "$(stat -c %b /made/n/lines)" ]
      echo front >/made/n/holes; truncate -s 20M /made/n/holes; [ "$(stat -c %b /made/n/holes)" -lt 1000 ]
      ${putStreams("/made/n/README.TXT")}; ${putStreams("/made/n/compressed/README.TXT")}
      echo folder >"/made/n/Ordner größe:of a directory"
      umount /made/n`,
    volumes: [
      mounted("ntfs-p1", "ntfs", {
        label: "DATEN",
        keeps: ntfs,
        at: ["compressed", ""],
        also: { lines, "compressed/lines": lines, holes: Buffer.concat([Buffer.from("front\n")], 20 << 20) },
        xattrs: {
          "README.TXT": streams,
          "compressed/README.TXT": streams,
          "Ordner größe": { "user.of a directory": hex("folder\n") },
        },
        besides: /^compressed$/,
      }),
    ],
  },
  {
    name: "ISO 9660 with Rock Ridge",
    disks: one("d", 16),
    make: `${tree("posix", "odd/nnn*", "links/long", "meta/acl")}
      xorriso -as mkisofs -quiet -R -V DISC -o /made/image /made/t
      cat /made/image >$d1`,
    volumes: [
      mounted("d", "iso9660", {
        label: "DISC",
        keeps: {
          ...all,
          timeStep: 1_000_000_000n,
          xattrs: undefined,
          acls: false,
          hardLinks: false,
          drops: /nnn|^links\/long$|^meta\/acl$/,
        },
      }),
    ],
  },
  {
    name: "ISO 9660 with Joliet",
    disks: one("d", 16),
    make: `${tree("plain", "nnn*", '"Ordner größe"/Ü*')} # no long names, nothing beyond UCS-2
      xorriso -as mkisofs -quiet -input-charset utf-8 -J -joliet-long --norock -V DISC -o /made/image /made/t
      cat /made/image >$d1`,
    volumes: [mounted("d", "iso9660", { keeps: { ...contents, drops: /\.txt$/ } })],
  },
  {
    // Debian 12 has no mkfs of it, but xorriso makes one: it is cut out of the hybrid disc, by its Apple partition map. The
    // partition ends where it ends: there the kernel looks for the copy of its header
    name: "HFS+ on a GPT partition",
    disks: one("d", 64),
    make: `${tree("plain", '"Ordner größe"/Ü*')} # Linux finds no name with a character beyond UCS-2
      xorriso -as mkisofs -quiet -input-charset utf-8 -hfsplus -V MAC -o /made/image /made/t
      read -r from count <<<"$(xorriso -indev /made/image -report_system_area plain 2>/dev/null |
        sed -n 's/^APM start and size : *2 *//p')"
      sgdisk -a 1 -n 1:2048:$((2048 + count - 1)) -t 1:af00 $d1 >/dev/null; blockdev --rereadpt $d1
      dd if=/made/image of=\${d1}1 bs=512 skip=$from count=$count conv=notrunc status=none`,
    volumes: [
      mounted("d-p1", "hfsplus", {
        label: "MAC",
        on: ["disk d", "gpt partition 1"],
        keeps: { ...contents, drops: /^Ordner .*\.txt$/ },
      }),
    ],
  },
  {
    name: "UDF 2.01",
    disks: one("d", 32),
    make: "mkfs.udf -l DISC --media-type=hd $d1 >/dev/null; fill $d1 plain",
    volumes: [mounted("d-p1", "udf", { label: "DISC", keeps: { ...contents, timeStep: 1000n } })],
  },
])
