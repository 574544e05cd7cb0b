import { Sensitive } from "../../../src/observability/sensitive.ts"
import { all } from "../keeping.ts"
import type { ExpectedVolume } from "../row.ts"
import { group, mounted } from "./words.ts"

const locked = (path: string, more: Partial<ExpectedVolume> = {}): ExpectedVolume => ({
  path,
  kind: "encrypted",
  state: "Locked",
  reason: "VolumeLocked",
  says: /^Encrypted with LUKS\. No key was given\.$/,
  ...more,
})
const opened = (path: string, more: Partial<ExpectedVolume> = {}) => mounted(path, "ext4", { keeps: all, ...more })

const format = (type: string, key = "printf secret", options = "") =>
  `${key} | cryptsetup luksFormat -q --type ${type} --pbkdf pbkdf2 --pbkdf-force-iterations 1000 ${options} --key-file=-`
const open = (device: string, key = "printf secret", as = "inside") =>
  `${key} | cryptsetup open --key-file=- ${device} ${as}`
const content = (device: string, key?: string) =>
  `${open(device, key)}; ext4 /dev/mapper/inside; cryptsetup close inside`

const key = (name: string, value: string | Buffer) => ({ name, value: new Sensitive(Buffer.from(value)) })
const secret = key("the key", "secret")
/** With bytes that no line and no C string holds. */
const binary = Buffer.from("\0\n\xff'\"\\x00 $(reboot)\n", "latin1")
const binaryKey = `printf '\\0\\n\\377\\x27"\\\\x00 $(reboot)\\n'`

const stacked = {
  disks: [1, 2, 3, 4].map((number) => ({ name: `e${number}`, sizeMiB: 96 })),
  make: `
    sgdisk -n 1:0:+24M -n 2:0:0 $d1 >/dev/null; blockdev --rereadpt $d1
    ext4 \${d1}1; ${format("luks2")} \${d1}2; ${content("${d1}2")}
    vgcreate -q vg0 $d2; lvcreate -q -y -n safe -L 48M vg0; lvcreate -q -y -n open -L 24M vg0
    ${format("luks2")} /dev/vg0/safe; ${content("/dev/vg0/safe")}; ext4 /dev/vg0/open
    mdadm -q -C /dev/md7 --run -l1 -n2 --assume-clean --homehost=elsewhere --name=home $d3 $d4
    ${format("luks2")} /dev/md7; ${content("/dev/md7")}`,
}

/** Encrypted volumes, without a key, with it, and with others. BitLocker: bitlocker.ts. */
export const encryption = group("encryption", [
  ...["luks1", "luks2"].flatMap((type) => {
    const made = { disks: [{ name: "d", sizeMiB: 64 }], make: `${format(type)} $d1; ${content("$d1")}` }
    return [
      { name: `${type} on a disk, no key`, ...made, volumes: [locked("d", { on: ["disk d"] })] },
      { name: `${type} on a disk`, ...made, keys: [secret], volumes: [opened("d", { on: ["disk d", "unlocked"] })] },
    ]
  }),
  {
    name: "luks2 on a partition, on a logical volume and on an array, no key",
    ...stacked,
    volumes: [
      opened("e1-p1"),
      locked("e1-p2", { on: ["disk e1", "gpt partition 2"] }),
      opened("vg0-open"),
      locked("vg0-safe", { on: ["disk e2", "lvm vg0/safe"] }),
      locked("md-home", { on: ["disk e3", "disk e4", "raid1 home"] }),
    ],
  },
  {
    name: "luks2 on a partition, on a logical volume and on an array",
    ...stacked,
    keys: [secret],
    volumes: [
      opened("e1-p1"),
      opened("e1-p2", { on: ["disk e1", "gpt partition 2", "unlocked"] }),
      opened("vg0-open"),
      opened("vg0-safe", { on: ["disk e2", "lvm vg0/safe", "unlocked"] }),
      opened("md-home", { on: ["disk e3", "disk e4", "raid1 home", "unlocked"] }),
    ],
  },
  {
    name: "LVM on LUKS, one of its disks not encrypted, another volume not needing that",
    disks: [1, 2].map((number) => ({ name: `l${number}`, sizeMiB: 96 })),
    make: `
      ${format("luks2")} $d1; ${open("$d1")}
      vgcreate -q crypt /dev/mapper/inside $d2
      lvcreate -q -y -n open -L 32M crypt $d2; lvcreate -q -y -n both -L 96M crypt
      ext4 /dev/crypt/both; ext4 /dev/crypt/open
      vgchange -q -an crypt; cryptsetup close inside`,
    keys: [secret],
    volumes: [
      opened("crypt-both", { on: ["disk l1", "unlocked", "disk l2", "lvm crypt/both"] }),
      opened("crypt-open", { on: ["disk l2", "lvm crypt/open"] }),
    ],
  },
  {
    name: "LUKS in LUKS on LVM on LUKS, each with another key",
    disks: [{ name: "n", sizeMiB: 128 }],
    make: `
      ${format("luks2", "printf one")} $d1; ${open("$d1", "printf one", "outer")}
      vgcreate -q deep /dev/mapper/outer; lvcreate -q -y -n down -L 96M deep
      ${format("luks1", "printf two")} /dev/deep/down; ${open("/dev/deep/down", "printf two", "middle")}
      ${format("luks2", "printf three")} /dev/mapper/middle; ${content("/dev/mapper/middle", "printf three")}
      cryptsetup close middle; vgchange -q -an deep; cryptsetup close outer`,
    keys: ["three", "two", "one"].map((text) => key(text, text)),
    volumes: [opened("deep-down", { on: ["disk n", "unlocked", "lvm deep/down"] })],
  },
  {
    name: "keys that don't fit, are absent, or empty",
    disks: [{ name: "d", sizeMiB: 64 }],
    make: `${format("luks2")} $d1; ${content("$d1")}`,
    keys: [
      key("key k of Secret a", "secre"),
      { name: "key k of Secret b", value: undefined },
      key("key k of Secret c\x1b[2J", ""),
      key("key k of Secret d", "secret \n"),
    ],
    volumes: [
      locked("d", {
        says: /^Encrypted with LUKS\. Does not fit: key k of Secret a, key k of Secret d\. Absent: key k of Secret b\. Empty: key k of Secret c\\x1b\[2J\.$/,
      }),
    ],
  },
  {
    name: "a key with the line end of its file, one that has it itself, one of a Windows editor, and a binary one",
    disks: [1, 2, 3, 4].map((number) => ({ name: `k${number}`, sizeMiB: 64 })),
    make: ["printf secret", "printf 'line end\\n'", "printf windows", binaryKey]
      .map((maker, at) => `${format("luks2", maker)} $d${at + 1}; ${content(`$d${at + 1}`, maker)}`)
      .join("\n"),
    keys: [
      key("from a file", "secret\n"),
      key("as it is", "line end\n"),
      key("windows", "windows\r\n"),
      key("binary", binary),
    ],
    volumes: ["k1", "k2", "k3", "k4"].map((name) => opened(name)),
  },
  {
    name: "ciphers of older machines, and odd ones",
    disks: [1, 2, 3, 4, 5, 6].map((number) => ({ name: `c${number}`, sizeMiB: 64 })),
    make: [
      ["luks1", "-c aes-cbc-essiv:sha256 -h sha1"],
      ["luks1", "-c serpent-xts-plain64 -h whirlpool"],
      ["luks1", "-c twofish-xts-plain64 -h ripemd160"],
      ["luks2", "-c xchacha20,aes-adiantum-plain64 -s 256"],
      ["luks2", "-c camellia-xts-plain64 --sector-size 4096"],
      ["luks2", "-c aes-xts-plain64 --integrity hmac-sha256"],
    ]
      .map(([type = "", options], at) => {
        const device = `$d${at + 1}`
        return `${format(type, undefined, options)} ${device}; ${content(device)}`
      })
      .join("\n"),
    keys: [secret],
    volumes: [1, 2, 3, 4, 5, 6].map((number) => opened(`c${number}`)),
  },
  {
    name: "a key slot that takes more memory than there is, beside one that doesn't",
    disks: [1, 2].map((number) => ({ name: `m${number}`, sizeMiB: 64 })),
    make: `
      for d in $d1 $d2; do
        printf much | cryptsetup luksFormat -q --type luks2 --pbkdf argon2id --pbkdf-memory 409600 --pbkdf-force-iterations 4 --pbkdf-parallel 1 --key-file=- $d
      done
      printf much >/run/much; printf little >/run/little
      cryptsetup luksAddKey -q --pbkdf argon2id --pbkdf-memory 32768 --pbkdf-force-iterations 4 --pbkdf-parallel 1 --key-file /run/much $d2 /run/little
      ${content("$d2", "printf little")}`,
    keys: [key("little", "little"), key("much", "much")],
    volumes: [
      locked("m1", {
        says: /^Encrypted with LUKS\. Could not be tried \(its key derivation takes 400 MiB of memory, more than is free; the chart's guest\.unlockMiB, or open --memory, gives the micro-VM more\): little, much\.$/,
      }),
      opened("m2"),
    ],
  },
  {
    name: "a key slot that takes 400 MiB, in a micro-VM that has them",
    disks: [{ name: "m", sizeMiB: 64 }],
    make: `
      printf much | cryptsetup luksFormat -q --type luks2 --pbkdf argon2id --pbkdf-memory 409600 --pbkdf-force-iterations 4 --pbkdf-parallel 4 --key-file=- $d1
      ${content("$d1", "printf much")}`,
    keys: [key("much", "much")],
    memoryMiB: 1024,
    volumes: [opened("m")],
  },
])
