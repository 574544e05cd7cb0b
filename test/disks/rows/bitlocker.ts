import { Sensitive } from "../../../src/observability/sensitive.ts"
import { bitlockerImages } from "../foreign-images.ts"
import { ntfs } from "../keeping.ts"
import type { ExpectedVolume } from "../row.ts"
import { group, mounted } from "./words.ts"

const key = (name: string, value: string) => ({ name, value: new Sensitive(Buffer.from(value)) })
const password = key("the password", "anaconda")

/** Disks of Windows 10, or of an older one where it says elephant: each with a password and with a recovery key of its own. */
const encrypted = [
  ["aes-xts-128", "235818-357951-253979-013365-241120-245575-342914-591910"],
  ["aes-xts-256", "404558-436711-420860-678557-638220-018909-039941-695321"],
  ["aes-cbc-128", "042647-302313-590458-071500-554323-116567-412181-516978"],
  ["aes-cbc-256", "616319-601744-502117-534017-367994-176748-607299-663201"],
  ["aes-cbc-elephant-128", "529573-278784-259347-197835-171457-264044-610280-313269"],
  ["aes-cbc-elephant-256", "618871-562507-462814-555324-264660-562727-105171-668195"],
] as const

/** A file that Windows 11 put onto a memory stick, to be there when the machine starts. */
const startupKey = Buffer.from(
  [
    "tAAAAAEAAAAwAAAAtAAAACulgKpmm65HsJcz9Tb/uwcBAAAAAAAAALAs4Olt5NcBhAAGAAkAAQArpYCqZpuuR7CXM/U2/7sHwADZ",
    "6W3k1wEgAAAAAgABAEUAeAB0AGUAcgBuAGEAbABLAGUAeQAAABgAGQAXAAEAVpfq6MGcoky5nfrohPVhUCwAAAABAAEAAiAAAG1K",
    "2UuTkJd2O1loH4Zv7gIcxRIySWdsazkHdR391PKg",
  ].join(""),
  "base64",
)

/**
 * IMAGE: puts the disk as Windows encrypted it onto $d1 and opens it with the key of stdin, with an NTFS made anew, as the
 * one that was on it is cut out. BitLocker's own metadata shows as zeros in three places of it, which Windows keeps in a file;
 * here nothing comes to lie there, or it would be found to be different.
 */
const prelude = `
  bitlocker() {
    dd if="$1" of=$d1 bs=1M conv=sparse,notrunc status=none
    cryptsetup open --type bitlk --key-file=- $d1 inside
    mkntfs -q -f -L WINDOWS /dev/mapper/inside
  }`

const image = (name: string) => `${bitlockerImages.folder}/bitlk-${name}.img`
const fill = "mkdir -p /made/n; ntfs-3g /dev/mapper/inside /made/n; put plain /made/n; umount /made/n"
const make = (name: string, open: string) => `${prelude}
  ${open} | bitlocker ${image(name)}; ${fill}; cryptsetup close inside`
const opened = (path: string): ExpectedVolume =>
  mounted(path, "ntfs", { label: "WINDOWS", on: [`disk ${path}`, "unlocked"], keeps: ntfs })
const locked = (path: string, says: RegExp): ExpectedVolume => ({
  path,
  kind: "encrypted",
  state: "Locked",
  reason: "VolumeLocked",
  says,
})

/** BitLocker's headers, keys and ciphers as Windows makes them; the NTFS inside is one of Linux. */
export const bitlocker = group("encryption", [
  ...encrypted.map(([name, recoveryKey], at) => ({
    name: `BitLocker, ${name}, ${at % 2 === 0 ? "recovery key" : "password"}`,
    fetch: bitlockerImages.fetch,
    disks: [{ name: "b", sizeMiB: name.includes("elephant") ? 128 : 100 }],
    make: make(name, "printf anaconda"),
    keys: [at % 2 === 0 ? key("the recovery key", `${recoveryKey}\r\n`) : password],
    volumes: [opened("b")],
  })),
  {
    name: "BitLocker, a startup key of Windows 11",
    fetch: bitlockerImages.fetch,
    disks: [{ name: "b", sizeMiB: 100 }],
    make: make("aes-xts-128-startup-key-win11", `base64 -d <<<${startupKey.toString("base64")}`),
    keys: [{ name: "the startup key", value: new Sensitive(startupKey) }],
    volumes: [opened("b")],
  },
  {
    name: "BitLocker, keys of other disks; one half encrypted, which cryptsetup can't open",
    fetch: bitlockerImages.fetch,
    disks: ["b", "half"].map((name) => ({ name, sizeMiB: 100 })),
    make: `
      dd if=${image("aes-xts-128")} of=$d1 bs=1M conv=sparse,notrunc status=none
      dd if=${image("aes-xts-128-eow")} of=$d2 bs=1M conv=sparse,notrunc status=none`,
    keys: [key("another recovery key", encrypted[1][1]), key("another password", "fedora")],
    volumes: [
      locked("b", /^Encrypted with BitLocker\. Does not fit: another recovery key, another password\.$/),
      locked(
        "half",
        /^Encrypted with BitLocker\. Could not be tried \(BITLK devices with type 'encrypt-on-write' cannot be activated\): /,
      ),
    ],
  },
])
