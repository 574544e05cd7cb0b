import { all, contents } from "../keeping.ts"
import { group, mounted, unsupported } from "./words.ts"

const disks = (count: number, sizeMiB = 48) =>
  Array.from({ length: count }, (_, at) => ({ name: `r${at + 1}`, sizeMiB }))
const devices = (count: number) => Array.from({ length: count }, (_, at) => `$d${at + 1}`).join(" ")
const create = (level: number, count: number, options = "") =>
  `mdadm -q -C /dev/md7 --run -l${level} -n${count} --assume-clean --homehost=elsewhere --name=home ${options} ${devices(count)}`

/** mdraid: the arrays of a machine whose name is not this guest's. */
export const raid = group("mdraid", [
  ...(
    [
      [0, 2],
      [1, 2],
      [5, 3],
      [6, 4],
      [10, 4],
    ] as const
  ).map(([level, count]) => ({
    name: `level ${level} over ${count} disks, metadata 1.2, another machine's`,
    disks: disks(count),
    make: `${create(level, count)}; ext4 /dev/md7`,
    volumes: [
      mounted("md-home", "ext4", {
        on: [...disks(count).map(({ name }) => `disk ${name}`), `raid${level} home`],
        keeps: all,
      }),
    ],
  })),
  {
    name: "linear, which the kernel has no more",
    disks: disks(2),
    // mdadm writes the metadata before the kernel refuses
    make: `mdadm -q -C /dev/md7 --run -l linear -n2 --homehost=elsewhere --name=home ${devices(2)} || mdadm -E $d1 | grep -q linear`,
    volumes: ["r1", "r2"].map((path) => unsupported(path, "raid", /linear array home; Debian's kernel has none/)),
  },
  ...["0.90", "1.0", "1.1"].map((metadata) => ({
    name: `level 1, metadata ${metadata}, partitioned`,
    disks: disks(2, 64),
    make: `
      mdadm -q -C /dev/md7 --run -l1 -n2 -e ${metadata} --assume-clean ${metadata === "0.90" ? "" : "--homehost=elsewhere --name=boot"} $d1 $d2
      sgdisk -n 1:0:+20M -n 2:0:0 /dev/md7 >/dev/null; blockdev --rereadpt /dev/md7
      ext4 /dev/md7p1 -L ONE; ext4 /dev/md7p2 -L TWO`,
    volumes: [1, 2].map((number) =>
      mounted(metadata === "0.90" ? new RegExp(`^md-\\w+-p${number}$`) : `md-boot-p${number}`, "ext4", {
        label: number === 1 ? "ONE" : "TWO",
        keeps: all,
      }),
    ),
  })),
  {
    name: "level 5, one disk of three lost, its journal not written back",
    disks: disks(3),
    make: `
      ${create(5, 3)}; ext4 /dev/md7
      mkdir /made/dirty; mount /dev/md7 /made/dirty; mkdir /made/dirty/later; sync
      echo x >/made/dirty/later/file; sync -f /made/dirty/later
      # what is there now is what a crash would leave
      for disk in ${devices(3)}; do dd if=$disk of=/made/$(basename $disk) bs=1M status=none iflag=direct; done
      umount /made/dirty; mdadm -q -S /dev/md7
      for disk in ${devices(3)}; do cat /made/$(basename $disk) >$disk; rm /made/$(basename $disk); done`,
    without: ["r2"],
    volumes: [
      mounted("md-home", "ext4", {
        on: ["disk r1", "disk r3", "raid5 home, 1 missing (device 1)"],
        keeps: all,
        also: { "later/file": "x\n" }, // in the journal only
        besides: /^(lost\+found|later)$/,
      }),
    ],
  },
  {
    name: "level 6, two disks of four lost",
    disks: disks(4),
    make: `${create(6, 4)}; ext4 /dev/md7`,
    without: ["r1", "r4"],
    volumes: [
      mounted("md-home", "ext4", { on: ["disk r2", "disk r3", "raid6 home, 2 missing (devices 0, 3)"], keeps: all }),
    ],
  },
  {
    name: "level 1 with a spare, one of its disks lost",
    disks: disks(3),
    make: `
      mdadm -q -C /dev/md7 --run -l1 -n2 -x1 --assume-clean --homehost=elsewhere --name=home ${devices(3)}
      ext4 /dev/md7`,
    without: ["r2"],
    volumes: [mounted("md-home", "ext4", { keeps: all })],
  },
  {
    name: "level 5, two disks of three lost: nothing can be read",
    disks: disks(3),
    make: `${create(5, 3)}; ext4 /dev/md7`,
    without: ["r1", "r2"],
    volumes: [
      {
        path: "r3",
        kind: "raid",
        state: "Incomplete",
        reason: "VolumeIncomplete",
        says: /raid5 array home of 3 devices, which could not be started/,
      },
    ],
  },
  {
    name: "a volume group on a degraded array of partitions",
    disks: disks(3, 80),
    make: `
      for disk in ${devices(3)}; do sgdisk -n 1:0:+8M -n 2:0:0 -t 2:fd00 $disk >/dev/null; blockdev --rereadpt $disk; done
      mkfs.vfat \${d1}1 >/dev/null; fill \${d1}1 plain -o iocharset=utf8
      mdadm -q -C /dev/md7 --run -l5 -n3 --assume-clean --homehost=elsewhere --name=pv \${d1}2 \${d2}2 \${d3}2
      vgcreate -q vg0 /dev/md7
      lvcreate -q -y -n root -L 24M vg0; lvcreate -q -y -n home -L 24M vg0
      ext4 /dev/vg0/root -L ROOT; ext4 /dev/vg0/home -L HOME`,
    without: ["r2"],
    volumes: [
      mounted("r1-p1", "vfat", { keeps: { ...contents, timeStep: 2_000_000_000n } }),
      unsupported("r3-p1", "unknown", /No file system/),
      mounted("vg0-home", "ext4", {
        label: "HOME",
        on: ["disk r1", "gpt partition 2", "disk r3", "raid5 pv, 1 missing (device 1)", "lvm vg0/home"],
        keeps: all,
      }),
      mounted("vg0-root", "ext4", { label: "ROOT", keeps: all }),
    ],
  },
])
