import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { attempt, codeOf } from "../../support/guest/attempt.ts"
import { catalogue, group, summary, tag } from "../../support/guest/probe-answers.ts"
import { judgeFullOverlay, judgeMountFailure } from "../../../src/guest/judge.ts"
import { parseProbe } from "../../../src/guest/probe-answer.ts"

const protocolError: unknown = expect.objectContaining({ code: "ProtocolError" })

describe("what is on the disks", () => {
  test("disks are told apart by their address, not by the kernel's names", () => {
    const found = catalogue(
      {
        nodes: ["disk sda 2048 0:0:1:0", "disk sdb 4096 0:0:0:0"],
        blkid: ["DEVNAME=/dev/sda TYPE=ext4 LABEL=B", "DEVNAME=/dev/sdb TYPE=xfs LABEL=A"],
      },
      "first",
      "second",
    )
    expect(found.volumes.map(({ path, label, device }) => [path, label, device])).toEqual([
      ["first", "A", "sdb"],
      ["second", "B", "sda"],
    ])
    expect(found.disks).toEqual([
      { name: "first", serial: "s0", sizeBytes: 4096 * 512 },
      { name: "second", serial: "s1", sizeBytes: 2048 * 512 },
    ])
  })

  test("partitions by number; extended ones hold nothing themselves", () => {
    const found = catalogue(
      {
        nodes: [
          "disk sda 99999 0:0:0:0",
          "part sda10 999 sda 10 2048",
          "part sda2 999 sda 2 4096",
          "part sda5 999 sda 5 8192",
        ],
        blkid: [
          "DEVNAME=/dev/sda PTTYPE=dos",
          "DEVNAME=/dev/sda10 TYPE=ext4",
          "DEVNAME=/dev/sda2 PTTYPE=dos PART_ENTRY_TYPE=0x5",
          "DEVNAME=/dev/sda5 TYPE=swap",
        ],
      },
      "d",
    )
    expect(summary(found)).toEqual(["d-p5 Unsupported", "d-p10 Available"])
    expect(found.volumes[1]?.stack).toEqual(["disk d", "dos partition 10"])
  })

  const twoDisks = {
    nodes: [
      "disk sda 9999 0:0:1:0",
      "disk sdb 9999 0:0:0:0",
      "dm dm-0 2048 LVM-aabbccdd sda,sdb",
      "dm dm-1 2048 LVM-aabbeeff sda",
    ],
    blkid: [
      "DEVNAME=/dev/sda TYPE=LVM2_member",
      "DEVNAME=/dev/sdb TYPE=LVM2_member",
      "DEVNAME=/dev/dm-0 TYPE=xfs",
      "DEVNAME=/dev/dm-1 TYPE=ext4",
    ],
  }

  test("logical volumes are named by group and volume, and stand on the disks in their order", () => {
    const lvm = {
      report: [
        group(
          "vg0",
          "aa-bb",
          ["sda", "sdb"],
          [
            ["root", "cc-dd"],
            ["data", "ee-ff"],
          ],
        ),
      ],
    }
    const found = catalogue({ ...twoDisks, lvm }, "a", "b")
    expect(summary(found)).toEqual(["vg0-data Available", "vg0-root Available"])
    expect(found.volumes[1]?.stack).toEqual(["disk a", "disk b", "lvm vg0/root"])
  })

  test("a logical volume whose disk is missing is listed, with the reason", () => {
    const volumes: [string, string, string][] = [
      ["root", "cc-dd", ""],
      ["data", "ee-ff", "partial"],
      ["lost", "99-99", "partial"],
    ]
    const nodes = twoDisks.nodes.filter((line) => !line.startsWith("disk sdb"))
    const blkid = twoDisks.blkid.filter((line) => !line.includes("dm-1"))
    const lvm = { report: [group("vg0", "aa-bb", ["sda"], volumes, 1)] }
    const found = catalogue({ nodes, blkid, lvm }, "a")
    expect(summary(found)).toEqual(["vg0-data Incomplete", "vg0-lost Incomplete", "vg0-root Available"])
  })

  test.each([
    ["18446744073709551616", Number.MAX_SAFE_INTEGER],
    ["1e300", Number.MAX_SAFE_INTEGER],
    ["Infinity", Number.MAX_SAFE_INTEGER],
    ["-1", 0],
    ["0.5", 0],
    ["none", 0],
  ])("a logical volume of %s bytes, by its metadata, has %d", (claimed, sizeBytes) => {
    const found = group("vg\u001b[2J", "aa-bb", ["sda"], [["lost", "99-99", "partial"]], 1)
    const lvm = { report: [{ ...found, lv: found.lv.map((volume) => ({ ...volume, lv_size: claimed })) }] }
    const { volumes } = catalogue(
      { nodes: ["disk sda 9 0:0:0:0"], blkid: ["DEVNAME=/dev/sda TYPE=LVM2_member"], lvm },
      "a",
    )
    expect(volumes).toMatchObject([{ sizeBytes, message: expect.stringContaining("vg\\x1b[2J") as unknown }])
  })

  test("hidden and pool volumes are not listed, equal names are numbered", () => {
    const lvm = {
      report: [
        group(
          "vg0",
          "aa-bb",
          ["sda"],
          [
            ["x", "cc-dd"],
            ["pool", "77-77", "", "thin,pool"],
          ],
        ),
        group("vg0", "11-22", ["sdb"], [["x", "33-44"]]),
      ],
    }
    const nodes = [
      "disk sda 9 0:0:0:0",
      "disk sdb 9 0:0:1:0",
      "dm dm-0 9 LVM-aabbccdd sda",
      "dm dm-1 9 LVM-11223344 sdb",
      "dm dm-2 9 LVM-aabb7777-tpool sda",
    ]
    const blkid = ["DEVNAME=/dev/dm-0 TYPE=ext4", "DEVNAME=/dev/dm-1 TYPE=ext4"]
    expect(summary(catalogue({ nodes, blkid, lvm }, "a", "b"))).toEqual(["vg0-x Available", "vg0-x~2 Available"])
  })

  test("an array is named as it was made; a member that could not be started says so", () => {
    const nodes = ["disk sda 9 0:0:0:0", "disk sdb 9 0:0:1:0", "disk sdc 9 0:0:2:0", "md md127 9 raid1 1 sda,sdb"]
    const blkid = ["DEVNAME=/dev/sdc TYPE=linux_raid_member", "DEVNAME=/dev/md127 TYPE=ext4"]
    const found = catalogue({ nodes, blkid, md: ["MD_NAME=host:home", "MD_DEVNODE=md127"] }, "a", "b", "c")
    expect(summary(found)).toEqual(["c Incomplete", "md-home Available"])
    expect(found.volumes[1]?.stack).toEqual(["disk a", "disk b", "raid1 home, 1 missing"])
  })

  test.each([
    ["nothing", "", { kind: "unknown", state: "Unsupported" }],
    ["several signatures", "ERROR=8", { state: "Unsupported", message: expect.stringContaining("several") }],
    ["LUKS", "TYPE=crypto_LUKS", { kind: "encrypted", state: "Locked", reason: "VolumeLocked" }],
    [
      "BitLocker",
      "TYPE=BitLocker",
      { kind: "encrypted", state: "Locked", message: expect.stringContaining("BitLocker") },
    ],
    ["swap", "TYPE=swap", { kind: "swap", state: "Unsupported" }],
    ["an unknown file system", "TYPE=new_fs", { filesystem: "new_fs", state: "Unsupported" }],
    ["ZFS", "TYPE=zfs_member", { kind: "member", message: expect.stringContaining("no ZFS") }],
    ["an empty partition table", "PTTYPE=gpt", { kind: "partitions", state: "Unsupported" }],
    ["an unused physical volume", "TYPE=LVM2_member", { kind: "lvm", state: "Unsupported" }],
  ])("a disk with %s", (_, tags, expected) => {
    const found = catalogue({ nodes: ["disk sda 9 0:0:0:0"], blkid: [`DEVNAME=/dev/sda ${tags}`] }, "d")
    expect(found.volumes).toEqual([expect.objectContaining(expected)])
  })

  test("text from a disk is escaped", () => {
    const found = catalogue(
      { nodes: ["disk sda 9 0:0:0:0"], blkid: ["DEVNAME=/dev/sda TYPE=ext4 LABEL=a\\\\x1b\x07"] },
      "d\x1b\n",
    )
    expect(found.volumes[0]).toMatchObject({ path: "d__", label: "a\\\\x1b\\x07", stack: ["disk d\\x1b\\x0a"] })
  })
})

describe("an answer that no probe gives", () => {
  test.each([
    ["nothing at all", ""],
    ["an unknown section", `\n@${tag} nodes\n\n@${tag} other\n`],
    ["a section twice", `\n@${tag} nodes\n\n@${tag} nodes\n`],
    ["a device of an unknown form", `\n@${tag} nodes\ndisk ../x 1 0:0:0:0\n\n@${tag} log\n`],
    ["an LVM report that is no JSON", `\n@${tag} nodes\n\n@${tag} lvm\n{\n\n@${tag} log\n`],
  ])("%s is refused", (_, text) => expect(() => parseProbe(Buffer.from(text), tag)).toThrow(protocolError))

  test("a circle of devices ends", () => {
    const nodes = ["dm dm-0 9 X dm-1", "dm dm-1 9 X dm-0", "dm dm-2 9 X dm-1"]
    expect(catalogue({ nodes }, "d").volumes).toHaveLength(1)
  })

  test("garbage in every section is an error or a catalogue, never a crash", () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom("disk sda 9 0:0:0:0", "dm dm-0 9 LVM-x sda", "DEVNAME=/dev/sda", "TYPE=ext4", "="),
    )
    fc.assert(
      fc.property(fc.array(line), fc.array(line), (nodes, blkid) => {
        const outcome = attempt(() => catalogue({ nodes, blkid }, "d").volumes.length)
        expect(outcome).toSatisfy((outcome) => typeof outcome === "number" || codeOf(outcome) === "ProtocolError")
      }),
    )
  })
})

test.each([
  ["XFS (sda): Superblock has unknown read-only compatible features (0x100) enabled.", "Corrupt"],
  ["EXT4-fs (sda): couldn't mount because of unsupported optional features (4000000)", "Unsupported"],
  ["EXT4-fs (sda): group descriptors corrupted!", "Corrupt"],
])("a mount that fails with %j", (message, state) =>
  expect(judgeMountFailure(message)).toMatchObject({ state, message }),
)

test("a mount that fails because the overlay is full names the setting, and has the kernel's words", () =>
  expect(judgeFullOverlay("EXT4-fs (sda): error loading journal")).toMatchObject({
    reason: "OverlayFull",
    message: expect.stringMatching(/guest\.overlayMiB.*error loading journal$/),
  }))
