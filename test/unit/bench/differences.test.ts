import { describe, expect, test } from "vitest"
import { bestFit, inKinds } from "../../bench/disks/differences.ts"
import { all, contents, expectedEntries } from "../../disks/keeping.ts"
import { mounted } from "../../disks/rows/words.ts"
import type { Entry } from "../../disks/tree.ts"

const posix = expectedEntries(all)
const inFolder = (name: string) =>
  posix.map((entry): Entry => {
    const below = (path: Buffer) => Buffer.concat([Buffer.from(`${name}/`), path])
    return {
      ...entry,
      name: below(entry.name),
      ...(entry.type === "hardlink" && entry.link ? { link: below(entry.link) } : {}),
    }
  })

describe("a tree fits", () => {
  const volumes = [mounted("fat", "vfat", { keeps: contents }), mounted("root", "ext4", { keeps: all })]

  test("the volume whose content it has", () => {
    expect(bestFit(volumes, posix)).toMatchObject({ volume: { path: "root" }, compared: posix.length, wrong: [] })
  })

  test("with what is wrong, where it is another by a little", () => {
    const off = posix.map((entry) => ({ ...entry, mtime: entry.mtime - (entry.mtime % 1_000_000_000n) }))
    const { wrong = [] } = bestFit(volumes, off) ?? {}
    expect(wrong.length).toBeGreaterThan(20)
    expect(inKinds(wrong)).toBe(`time ${wrong.length}`)
  })

  test("a volume with subvolumes, whole or one of them alone", () => {
    const tree = mounted("d", "btrfs", { keeps: all, at: ["@home"], besides: /^@home$/ })
    expect(bestFit([tree], inFolder("@home"))?.wrong).toEqual([])
    expect(bestFit([tree], posix)?.wrong).toEqual([])
  })

  test("nothing where nothing has a tree", () => expect(bestFit([mounted("swap", "swap")], posix)).toBeUndefined())
})

test("differences are counted by their kind, whatever files are called", () => {
  expect(
    inKinds([
      "a: content 1 bytes, sha256 0 instead of 2 bytes, sha256 1",
      "b: time 1 is missing: time 1 instead of 2",
      "c: time 1 instead of 2",
      "d: a fifo instead of a char",
      "e is missing",
      "f was never there",
      "g is beside the tree",
      "h: ACL  instead of user::rw-",
      "i: another content, or none",
      "j: leads to nothing",
    ]),
  ).toBe("content 2, time 2, type 1, missing 1, foreign 2, ACL 1, other 1")
  expect(inKinds([])).toBe("none")
})
