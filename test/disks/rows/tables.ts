import { all } from "../keeping.ts"
import { group, mounted, unsupported } from "./words.ts"

/** Partition tables: who divides the disk. */
export const tables = group("tables", [
  {
    name: "none, ext4 on the whole disk",
    disks: [{ name: "whole", sizeMiB: 32 }],
    make: "ext4 $d1 -L WHOLE",
    volumes: [mounted("whole", "ext4", { label: "WHOLE", on: ["disk whole"], keeps: all })],
  },
  {
    name: "MBR, two primary and three logical partitions",
    disks: [{ name: "mbr", sizeMiB: 160 }],
    make: `
      sfdisk -q $d1 <<<'label: dos
        1: size=20MiB, type=83
        2: size=20MiB, type=83, bootable
        4: size=100MiB, type=5
        5: size=20MiB, type=83
        6: size=20MiB, type=82
        7: size=20MiB, type=83'
      ext4 \${d1}1; ext4 \${d1}2; ext4 \${d1}5; mkswap -q \${d1}6; ext4 \${d1}7`,
    volumes: [
      mounted("mbr-p1", "ext4", { on: ["disk mbr", "dos partition 1"], keeps: all }),
      mounted("mbr-p2", "ext4", { keeps: all }),
      mounted("mbr-p5", "ext4", { on: ["disk mbr", "dos partition 5"], keeps: all }),
      unsupported("mbr-p6", "swap", /no files/),
      mounted("mbr-p7", "ext4", { keeps: all }),
    ],
  },
  {
    name: "GPT, by sgdisk",
    disks: [{ name: "gpt", sizeMiB: 64 }],
    make: `
      sgdisk -n 1:0:+2M -t 1:ef02 -n 2:0:+20M -n 128:0:0 $d1
      blockdev --rereadpt $d1
      ext4 \${d1}2; ext4 \${d1}128 -L LAST`,
    volumes: [
      unsupported("gpt-p1", "unknown", /boot loader/),
      mounted("gpt-p2", "ext4", { on: ["disk gpt", "gpt partition 2"], keeps: all }),
      mounted("gpt-p128", "ext4", { label: "LAST", keeps: all }),
    ],
  },
  {
    name: "GPT, its primary header destroyed, the backup used",
    disks: [{ name: "damaged", sizeMiB: 64 }],
    make: `
      sgdisk -n 1:0:+20M -n 2:0:0 $d1
      blockdev --rereadpt $d1
      ext4 \${d1}1; ext4 \${d1}2
      dd if=/dev/zero of=$d1 bs=512 seek=1 count=33 conv=notrunc status=none`,
    volumes: [mounted("damaged-p1", "ext4", { keeps: all }), mounted("damaged-p2", "ext4", { keeps: all })],
  },
  {
    name: "GPT, protective MBR and primary table destroyed",
    disks: [{ name: "wiped", sizeMiB: 64 }],
    make: `
      sgdisk -n 1:0:+20M -n 2:0:0 $d1
      blockdev --rereadpt $d1
      ext4 \${d1}1; ext4 \${d1}2
      dd if=/dev/zero of=$d1 bs=512 count=34 conv=notrunc status=none`,
    volumes: [mounted("wiped-p1", "ext4", { keeps: all }), mounted("wiped-p2", "ext4", { keeps: all })],
  },
  {
    name: "GPT with a hybrid MBR",
    disks: [{ name: "hybrid", sizeMiB: 64 }],
    make: `
      sgdisk -n 1:0:+20M -n 2:0:0 $d1
      sgdisk -h 1:2:EE $d1
      blockdev --rereadpt $d1
      ext4 \${d1}1; ext4 \${d1}2`,
    volumes: [
      mounted("hybrid-p1", "ext4", { on: ["disk hybrid", "gpt partition 1"], keeps: all }),
      mounted("hybrid-p2", "ext4", { keeps: all }),
    ],
  },
  {
    name: "GPT on a disk of 4,096 byte sectors",
    disks: [{ name: "large", sizeMiB: 96, blockSize: 4096 }],
    make: `
      sgdisk -n 1:0:+40M -n 2:0:0 $d1
      blockdev --rereadpt $d1
      ext4 \${d1}1 -b 4096; ext4 \${d1}2 -b 4096`,
    volumes: [mounted("large-p1", "ext4", { keeps: all }), mounted("large-p2", "ext4", { keeps: all })],
  },
  {
    name: "a table without partitions, and a disk with nothing",
    disks: [
      { name: "bare", sizeMiB: 16 },
      { name: "blank", sizeMiB: 16 },
    ],
    make: "sgdisk -o $d1",
    volumes: [
      { path: "bare", kind: "partitions", state: "Unsupported", reason: "VolumeUnsupported" },
      { path: "blank", kind: "unknown", state: "Unsupported", reason: "VolumeUnsupported" },
    ],
  },
])
