import { all } from "../keeping.ts"
import type { ExpectedVolume } from "../row.ts"
import { group, mounted } from "./words.ts"

const locked = (path: string, more: Partial<ExpectedVolume> = {}): ExpectedVolume => ({
  path,
  kind: "encrypted",
  state: "Locked",
  reason: "VolumeLocked",
  says: /LUKS/,
  ...more,
})

const format = (type: string) =>
  `printf secret | cryptsetup luksFormat -q --type ${type} --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file=-`
const open = "printf secret | cryptsetup open --key-file=-"
const content = (device: string) => `${open} ${device} inside; ext4 /dev/mapper/inside; cryptsetup close inside`

/** Encrypted volumes without a key; keys are tried in test/integration/guest-assembly.test.ts. */
export const encryption = group("encryption", [
  ...["luks1", "luks2"].map((type) => ({
    name: `${type} on a disk`,
    disks: [{ name: "d", sizeMiB: 64 }],
    make: `${format(type)} $d1; ${content("$d1")}`,
    volumes: [locked("d", { on: ["disk d"] })],
  })),
  {
    name: "luks2 on a partition, on a logical volume and on an array",
    disks: [1, 2, 3, 4].map((number) => ({ name: `e${number}`, sizeMiB: 96 })),
    make: `
      sgdisk -n 1:0:+24M -n 2:0:0 $d1 >/dev/null; blockdev --rereadpt $d1
      ext4 \${d1}1; ${format("luks2")} \${d1}2; ${content("${d1}2")}
      vgcreate -q vg0 $d2; lvcreate -q -y -n safe -L 48M vg0; lvcreate -q -y -n open -L 24M vg0
      ${format("luks2")} /dev/vg0/safe; ${content("/dev/vg0/safe")}; ext4 /dev/vg0/open
      mdadm -q -C /dev/md7 --run -l1 -n2 --assume-clean --homehost=elsewhere --name=home $d3 $d4
      ${format("luks2")} /dev/md7; ${content("/dev/md7")}`,
    volumes: [
      mounted("e1-p1", "ext4", { keeps: all }),
      locked("e1-p2", { on: ["disk e1", "gpt partition 2"] }),
      mounted("vg0-open", "ext4", { keeps: all }),
      locked("vg0-safe", { on: ["disk e2", "lvm vg0/safe"] }),
      locked("md-home", { on: ["disk e3", "disk e4", "raid1 home"] }),
    ],
  },
])
