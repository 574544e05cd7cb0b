import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Volume } from "../../../src/guest/catalogue.ts"
import type { ReadAt } from "../../../src/guest/system/hive.ts"
import { linuxFacts } from "../../../src/guest/system/linux.ts"
import { mountPoints } from "../../../src/guest/system/marks.ts"
import { windowsFacts } from "../../../src/guest/system/windows.ts"
import { hive, type ListKind } from "../../disks/hive-writer.ts"

describe("Linux", () => {
  test("os-release, hostname, fstab", () => {
    const osRelease =
      'PRETTY_NAME="Debian 12"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nID=debian\n'
    const fstab = `
# <what> <where>
UUID=AA-bb / ext4 defaults 0 1
/dev/mapper/vg--0-data--x  /srv/my\\040data xfs defaults 0 2
/dev/vg1/home /home ext4
LABEL="SWAP" none swap sw
/dev/sda1 /boot ext2
PARTUUID=0011 /boot/efi vfat
/dev/disk/by-uuid/CCDD /var btrfs`
    expect(linuxFacts({ osRelease, hostname: "# a comment\nweb-1\n", fstab })).toEqual({
      os: "Debian GNU/Linux",
      version: "12 (bookworm)",
      hostName: "web-1",
      mounts: [
        { mark: "UUID=aa-bb", at: "/" },
        { mark: "lvm vg-0/data-x", at: "/srv/my data" },
        { mark: "lvm vg1/home", at: "/home" },
        { mark: "PARTUUID=0011", at: "/boot/efi" },
        { mark: "UUID=ccdd", at: "/var" },
      ],
    })
  })

  test("control characters are escaped, long texts cut", () => {
    const facts = linuxFacts({ osRelease: `NAME="\x1b[2J${"x".repeat(500)}"`, hostname: "a\rb\x9bc" })
    expect(facts.os).toMatch(/^\\x1b\[2Jx+…$/)
    expect(facts.os?.length).toBe(128)
    expect(facts.hostName).toBe("a\\x0db\\x9bc")
  })

  test("whatever stands in the files, it is never more than text", () => {
    const text = fc.string({ unit: "binary", maxLength: 60 })
    fc.assert(
      fc.property(text, text, text, (osRelease, hostname, fstab) => {
        const { mounts, ...names } = linuxFacts({ osRelease, hostname, fstab })
        for (const shown of [...Object.values(names), ...mounts.map(({ at }) => at)])
          // eslint-disable-next-line no-control-regex
          expect(shown).not.toMatch(/[\0-\x1f\x7f-\x9f]/)
      }),
      { numRuns: 40 },
    )
  })
})

const software = {
  keys: {
    Microsoft: {
      keys: {
        Windows: {},
        "Windows NT": {
          keys: {
            CurrentVersion: {
              values: { ProductName: "Windows 10 Pro", CurrentBuild: "22631", DisplayVersion: "23H2", UBR: 4169 },
            },
          },
        },
        "Windows Defender": {},
      },
    },
  },
}
const guid = Buffer.concat([Buffer.from("DMIO:ID:"), Buffer.from("33221100554477668899aabbccddeeff", "hex")])
const system = {
  keys: {
    Select: { values: { Current: 2 } },
    ControlSet002: {
      keys: { Control: { keys: { ComputerName: { keys: { ComputerName: { values: { ComputerName: "WEB-1" } } } } } } },
    },
    MountedDevices: {
      values: {
        "\\DosDevices\\C:": guid,
        "\\DosDevices\\D:": Buffer.from("efbeadde0000100000000000", "hex"),
        "\\??\\Volume{1}": guid,
      },
    },
  },
}

const from =
  (bytes: Buffer): ReadAt =>
  async (start, length) =>
    bytes.subarray(start, start + length)

describe("Windows", () => {
  test.each(["lh", "lf", "li", "ri"] as const)(
    "hives whose subkeys are in lists of the kind %s",
    async (kind: ListKind) => {
      const hives = { software: from(hive(software, kind)), system: from(hive(system, kind)) }
      expect(await windowsFacts(hives)).toEqual({
        os: "Windows 11 Pro",
        version: "23H2 (build 22631.4169)",
        hostName: "WEB-1",
        mounts: [
          { mark: "guid 00112233-4455-6677-8899-aabbccddeeff", at: "C:" },
          { mark: "mbr deadbeef 1048576", at: "D:" },
        ],
      })
    },
  )

  test("a hive of an enemy is never an error, and read in bounded time", async () => {
    const sound = hive(software)
    const change = fc.tuple(fc.integer({ min: 0, max: sound.length - 1 }), fc.integer({ min: 0, max: 255 }))
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 30 }), async (changes) => {
        const bytes = Buffer.from(sound)
        for (const [at, value] of changes) bytes[at] = value
        let reads = 0
        const read: ReadAt = async (start, length) => {
          reads++
          return bytes.subarray(start, start + length)
        }
        await windowsFacts({ software: read, system: read })
        expect(reads).toBeLessThan(4100)
      }),
      { numRuns: 200 },
    )
  })

  test("a hive that can't be read keeps nothing back of the other", async () => {
    const facts = await windowsFacts({ software: from(Buffer.alloc(9999)), system: from(hive(system)) })
    expect(facts).toMatchObject({ hostName: "WEB-1" })
    expect(facts.os).toBeUndefined()
  })

  test("a list that contains itself ends", async () => {
    const bytes = hive(software, "ri")
    const at = bytes.indexOf("ri")
    bytes.writeUInt32LE(at - 4 - 4096, at + 4)
    expect(await windowsFacts({ software: from(bytes) })).toEqual({ mounts: [] })
  })
})

describe("mount points", () => {
  const volume = (path: string, device: string): Volume => ({
    path,
    device,
    kind: "filesystem",
    sizeBytes: 1,
    stack: [],
    state: "Mounted",
  })

  test("only what one volume alone is known by; several places of one are all named", () => {
    const volumes = [volume("a", "sda1"), volume("b", "sdb1"), volume("c", "sdc1")]
    const marks = new Map([
      ["sda1", ["UUID=1", "LABEL=data"]],
      ["sdb1", ["UUID=2", "LABEL=data"]],
      ["sdc1", ["UUID=3"]],
    ])
    const mounts = [
      { mark: "UUID=1", at: "/" },
      { mark: "UUID=1", at: "/home" },
      { mark: "LABEL=data", at: "/data" },
      { mark: "UUID=3", at: "E:" },
      { mark: "UUID=3", at: "E:" },
      { mark: "UUID=4", at: "/gone" },
    ]
    expect([...mountPoints(volumes, marks, mounts)]).toEqual([
      ["a", "/, /home"],
      ["c", "E:"],
    ])
  })
})
