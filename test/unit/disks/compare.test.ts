import { describe, expect, test } from "vitest"
import { inChunks, tarBytes } from "../../support/tar-bytes.ts"
import { compareCatalogue, unexpected } from "../../disks/compare-catalogue.ts"
import { compareTrees } from "../../disks/compare-trees.ts"
import { compareVolume } from "../../disks/compare-volume.ts"
import { all, contents, expectedEntries, timeKept, until2038 } from "../../disks/keeping.ts"
import { readTree } from "../../disks/read-tar.ts"
import { type Entry, treeTar } from "../../disks/tree.ts"
import { trees } from "../../disks/trees.ts"

const expected = expectedEntries(all)
const bend = (name: string, change: Partial<Entry>) =>
  expected.map((entry) => (entry.name.toString() === name ? { ...entry, ...change } : entry))

describe("a tree", () => {
  test("comes back from an archive as it went in", async () => {
    for (const tree of Object.values(trees)) {
      const read = await readTree(inChunks(treeTar(tree), 100_000))
      expect(compareTrees(tree, read, all)).toEqual([])
    }
  })

  test("is read from a GNU archive with long names, too", async () => {
    const long = "n".repeat(150)
    const member = (type: string, body: string) => ({ name: "short", type, body })
    const tar = tarBytes([member("L", `./${long}\0`), member("0", "x"), member("K", `${long}\0`), member("2", "")])
    const [file, link] = await readTree([tar])
    expect([file?.name.toString(), file?.content?.toString()]).toEqual([long, "x"])
    expect([link?.name.toString(), link?.link?.toString()]).toEqual(["short", long])
  })

  test.each<[string, readonly Entry[], RegExp]>([
    ["one byte is another", bend("big", { content: Buffer.alloc(2 << 20) }), /^big: content/],
    ["an owner is another", bend("meta/setuid", { uid: 1 }), /^meta\/setuid: owner 1:/],
    ["a mode is another", bend("meta/none", { mode: 0o400 }), /^meta\/none: mode 400 instead of 0$/],
    ["a time is off by a nanosecond", bend("nothing", { mtime: 1_234_567_890_123_456_788n }), /^nothing: time/],
    ["a link goes elsewhere", bend("links/up", { link: Buffer.from("x") }), /^links\/up: target x/],
    ["an attribute is lost", bend("meta/trusted", { xattrs: {} }), /^meta\/trusted: attributes/],
    ["an ACL is another", bend("meta/acl", { acl: "user::rw-" }), /^meta\/acl: ACL/],
    ["a hard link became a file", bend("odd/hard 3", { type: "file" }), /hard.*: (names|content)/],
    ["a type is another", bend("links/null", { type: "fifo" }), /^links\/null: a fifo instead of a char$/],
    ["a file is missing", expected.filter(({ name }) => name.toString() !== "big"), /^big is missing$/],
    ["a file is foreign", [...expected, { ...expected[0], name: Buffer.from("x") } as Entry], /^x was never there$/],
  ])("%s: that is told", (_, read, words) => {
    expect(compareTrees(expected, read, all)).toEqual(expect.arrayContaining([expect.stringMatching(words)]))
  })
})

describe("a volume with trees at several places", () => {
  const at = (place: string, entries: readonly Entry[]): Entry[] =>
    entries.map((entry) => ({
      ...entry,
      name: Buffer.from(`${place}/${entry.name.toString("latin1")}`, "latin1"),
      ...(entry.type === "hardlink" ? { link: Buffer.from(`${place}/${entry.link?.toString() ?? ""}`) } : {}),
    }))
  const folder = (name: string) => ({ ...bend("empty", {})[0], name: Buffer.from(name) }) as Entry
  const wanted = {
    path: "a",
    kind: "filesystem",
    state: "Mounted",
    keeps: all,
    at: ["@", "@home"],
    besides: /^@(home)?$/,
  } as const
  const both = [folder("@"), ...at("@", expected), folder("@home"), ...at("@home", expected)]

  test("that are all there", () =>
    expect(compareVolume(wanted, both)).toEqual({ compared: 2 * expected.length, wrong: [] }))

  test("and something beside them", () =>
    expect(compareVolume(wanted, [...both, folder("else")]).wrong).toEqual(["else is beside the tree"]))

  test.each([
    ["x\n", []],
    ["y\n", ["@/f: another content, or none"]],
  ])("and a file that holds %j instead of x", (content, wrong) => {
    const file = { ...folder("@/f"), type: "file", content: Buffer.from(content) } as const
    expect(compareVolume({ ...wanted, also: { "@/f": "x\n" } }, [...both, file]).wrong).toEqual(wrong)
  })

  test("one of which isn't there", () =>
    expect(compareVolume(wanted, both.slice(0, expected.length + 1)).wrong).toHaveLength(expected.length))
})

test.each([
  [1_999_999_999n, { ...contents, timeStep: 2_000_000_000n }, 0n],
  [-1n, { ...contents, timeStep: 1_000_000_000n }, -1_000_000_000n],
  [2n ** 40n * 1_000_000_000n, until2038, (2n ** 31n - 1n) * 1_000_000_000n],
])("of the time %d a file system keeps what it can", (time, keeping, kept) =>
  expect(timeKept(time, keeping)).toBe(kept),
)

describe("a catalogue", () => {
  const volume = {
    path: "a-p1",
    device: "sda1",
    kind: "filesystem",
    filesystem: "ext4",
    label: "L",
    sizeBytes: 1,
    stack: ["disk a", "gpt partition 1"],
    state: "Mounted",
  } as const
  const wanted = { path: /^a-p\d$/, kind: "filesystem", filesystem: "ext4", state: "Mounted", label: "L" } as const
  const told = (change: object, found: object[] = [volume]) =>
    compareCatalogue([{ ...wanted, ...change }], found as (typeof volume)[]).deviations

  test("that is as expected", () => expect(told({ on: ["disk a", /partition 1$/] })).toEqual([]))

  test.each<[string, object, RegExp]>([
    ["another path", { path: "b" }, /^no volume b$/],
    ["another state", { state: "Corrupt" }, /state Mounted instead of Corrupt/],
    ["another file system", { filesystem: "xfs" }, /filesystem ext4 instead of xfs/],
    ["another label", { label: "M" }, /label L instead of M/],
    ["a reason", { reason: "VolumeCorrupt" }, /reason undefined instead of VolumeCorrupt/],
    ["a message", { says: /why/ }, /it says ""/],
    ["another place", { on: ["disk a"] }, /on disk a > gpt partition 1 instead of disk a$/],
  ])("that was to have %s", (_, change, words) =>
    expect(told(change)).toEqual(expect.arrayContaining([expect.stringMatching(words)])),
  )

  test("with a volume too many", () => {
    const { left } = compareCatalogue([wanted], [volume, { ...volume, path: "z" }])
    expect(left.map(unexpected)).toEqual([expect.stringMatching(/^volume z .* not expected/)])
  })
})
