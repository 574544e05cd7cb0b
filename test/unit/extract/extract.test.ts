import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { extractTar } from "../../../src/extract/extract.ts"
import { inChunks, type Member, tarBytes } from "../../support/tar-bytes.ts"

let base: string
let dest: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "extract-"))
  dest = join(base, "dest")
  mkdirSync(dest)
  mkdirSync(join(base, "outside"))
  writeFileSync(join(base, "outside", "victim"), "safe")
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

/** Unpacks the members below `top` into DEST/copy; answers what was left out. */
async function extract(members: readonly Member[], from: string[] = ["top"]) {
  const left: string[] = []
  await extractTar(inChunks(tarBytes(members)), {
    into: Buffer.from(dest),
    as: Buffer.from("copy"),
    from: from.map((part) => Buffer.from(part)),
    preserveSpecial: false,
    skipped: (name, why) => left.push(`${name}: ${why}`),
    special: (name) => left.push(`special ${name}`),
  })
  return left
}

const directory = (name: string, mode = 0o755): Member => ({ name, type: "5", mode })
const untouched = () => {
  expect(readFileSync(join(base, "outside", "victim"), "utf8")).toBe("safe")
  expect(readdirSync(join(base, "outside"))).toEqual(["victim"])
  expect(readdirSync(base).sort()).toEqual(["dest", "outside"])
}

test("a tree comes out with content, modes and times", async () => {
  const left = await extract([
    directory("top/", 0o750),
    directory("top/sub/", 0o555),
    { name: "top/sub/a", body: "hello", mode: 0o640, mtime: 1_234_567_890 },
    { name: "top/link", type: "2", link: "sub/a" },
    { name: "top/hard", type: "1", link: "top/sub/a" },
  ])
  expect(left).toEqual([])
  const copy = join(dest, "copy")
  expect(readFileSync(join(copy, "sub", "a"), "utf8")).toBe("hello")
  expect(statSync(join(copy, "sub", "a"))).toMatchObject({ mode: 0o100640, mtimeMs: 1_234_567_890_000, nlink: 2 })
  expect(statSync(copy).mode).toBe(0o040750)
  expect(statSync(join(copy, "sub"))).toMatchObject({ mode: 0o040555, mtimeMs: 1_000_000_000_000 })
  expect(readlinkSync(join(copy, "link"))).toBe("sub/a")
  expect(readFileSync(join(copy, "hard"), "utf8")).toBe("hello")
})

const hostile: [string, Member[], RegExp][] = [
  ["dot-dot", [{ name: "top/../../outside/victim", body: "evil" }], /"\.\."/],
  ["an absolute name", [{ name: "/top/x", body: "evil" }], /absolute/],
  [
    "a name of megabytes",
    [{ name: "x", pax: { path: `top${"/a".repeat(1_000_000)}` }, body: "evil" }],
    /more than 4096 bytes$/,
  ],
  [
    "a link to a name of megabytes",
    [{ name: "top/x", type: "2", pax: { linkpath: "a".repeat(1_000_000) } }],
    /leads to a name of more than 4096 bytes$/,
  ],
  ["a name beside what was asked for", [{ name: "other/x", body: "evil" }], /outside of what was asked/],
  ["a NUL in an extended name", [{ name: "x", pax: { path: "top/a\0b" }, body: "evil" }], /NUL/],
  [
    "a link, then a write through it",
    [
      directory("top/"),
      { name: "top/out", type: "2", link: "../../outside" },
      { name: "top/out/victim", body: "evil" },
    ],
    /symbolic link here/,
  ],
  [
    "an absolute link, then a directory through it",
    [directory("top/"), { name: "top/out", type: "2", link: "/" }, directory("top/out/tmp/")],
    /symbolic link here/,
  ],
  [
    "a link in place of a directory made before",
    [
      directory("top/"),
      directory("top/d/"),
      { name: "top/d", type: "2", link: "../../outside" },
      { name: "top/d/victim", body: "x" },
    ],
    /directory|EISDIR|ENOTEMPTY|EEXIST/,
  ],
  [
    "the copy itself as a link",
    [
      { name: "top", type: "2", link: "../outside" },
      { name: "top/victim", body: "evil" },
    ],
    /symbolic link here/,
  ],
  [
    "a hard link to an absolute path",
    [directory("top/"), { name: "top/h", type: "1", link: "/etc/passwd" }],
    /absolute/,
  ],
  [
    "a hard link with dot-dot",
    [directory("top/"), { name: "top/h", type: "1", link: "top/../../outside/victim" }],
    /"\.\."/,
  ],
  [
    "a hard link through a link",
    [
      directory("top/"),
      { name: "top/l", type: "2", link: "../../outside" },
      { name: "top/h", type: "1", link: "top/l/victim" },
    ],
    /symbolic link here/,
  ],
  [
    "a hard link to a link",
    [
      directory("top/"),
      { name: "top/l", type: "2", link: "../../outside/victim" },
      { name: "top/h", type: "1", link: "top/l" },
    ],
    /no regular file/,
  ],
]
test.each(hostile)("%s writes nothing outside", async (_, members, why) => {
  const left = await extract(members)
  expect(left).toHaveLength(1)
  expect(left[0]).toMatch(why)
  untouched()
})

test("a file written twice through a hard link changes only itself", async () => {
  mkdirSync(join(dest, "copy"))
  linkSync(join(base, "outside", "victim"), join(dest, "copy", "h"))
  expect(await extract([{ name: "top/h", body: "evil", mode: 0o777 }])).toEqual([])
  expect(readFileSync(join(dest, "copy", "h"), "utf8")).toBe("evil")
  untouched()
})

test("a link that was there before is replaced, not followed", async () => {
  mkdirSync(join(dest, "copy"))
  symlinkSync("../../outside/victim", join(dest, "copy", "a"))
  expect(await extract([{ name: "top/a", body: "new" }])).toEqual([])
  expect(lstatSync(join(dest, "copy", "a")).isFile()).toBe(true)
  untouched()
})

test("a directory link that was there before is not walked through", async () => {
  symlinkSync("../outside", join(dest, "copy"))
  expect(await extract([{ name: "top/victim", body: "evil" }])).toHaveLength(1)
  untouched()
})

test("the last of several members with a name stays", async () => {
  await extract([
    { name: "top/a", body: "first" },
    { name: "top/a", body: "second" },
  ])
  expect(readFileSync(join(dest, "copy", "a"), "utf8")).toBe("second")
  expect(readdirSync(join(dest, "copy"))).toEqual(["a"])
})

test("a hard link made twice, and one to itself, leave no part behind", async () => {
  await extract([
    { name: "top/a", body: "x" },
    { name: "top/b", type: "1", link: "top/a" },
    { name: "top/b", type: "1", link: "top/a" },
    { name: "top/a", type: "1", link: "top/a" },
  ])
  expect(readdirSync(join(dest, "copy")).sort()).toEqual(["a", "b"])
})

test("set-user-ID bits, devices and fifos are left out", async () => {
  const left = await extract([
    { name: "top/su", body: "x", mode: 0o6755 },
    { name: "top/null", type: "3" },
    { name: "top/sda", type: "4" },
    { name: "top/fifo", type: "6" },
  ])
  expect(left).toEqual(["special top/null", "special top/sda", "special top/fifo"])
  expect(statSync(join(dest, "copy", "su")).mode).toBe(0o100755)
  expect(readdirSync(join(dest, "copy"))).toEqual(["su"])
})

test("names keep their bytes", async () => {
  const odd = [Buffer.from([0x61, 0xff, 0xfe]), Buffer.from("new\nline"), Buffer.from("-rf"), Buffer.alloc(255, "n")]
  const members = odd.map((name) => ({
    name: "x",
    pax: { path: Buffer.concat([Buffer.from("top/"), name]) },
    body: "y",
  }))
  expect(await extract(members)).toEqual([])
  const found = readdirSync(join(dest, "copy"), { encoding: "buffer" })
  expect(found.map((name) => name.toString("latin1")).sort()).toEqual(odd.map((name) => name.toString("latin1")).sort())
})

test("a name that is too long is left out, the others come", async () => {
  const left = await extract([
    { name: "x", pax: { path: `top/${"n".repeat(256)}` }, body: "x" },
    { name: "top/a", body: "y" },
  ])
  expect(left).toHaveLength(1)
  expect(readdirSync(join(dest, "copy"))).toEqual(["a"])
})

test("a name shown to people has no control characters", async () => {
  const left = await extract([{ name: "other/\x1b[2J", body: "x" }])
  expect(left[0]).toMatch(/^other\/\\x1b\[2J: /)
})

test.each([
  ["before 1970", "-5.25", -5.25],
  ["before all times", "-99999999999", -(2 ** 31)],
  ["at the end of time", "9007199254740991", 2 ** 34 - 2 ** 31 - 1],
])("a time %s doesn't stop a file from coming", async (_, mtime, seconds) => {
  expect(await extract([{ name: "top/a", body: "x", pax: { mtime } }])).toEqual([])
  expect(statSync(join(dest, "copy", "a")).mtimeMs / 1000).toBe(seconds)
})

test("a file of zeros takes no room", async () => {
  await extract([{ name: "top/sparse", body: Buffer.alloc(4 << 20) }])
  const stats = statSync(join(dest, "copy", "sparse"))
  expect(stats.size).toBe(4 << 20)
  expect(stats.blocks * 512).toBeLessThan(1 << 20)
})

test("an archive that breaks off leaves no part of a file", async () => {
  const bytes = tarBytes([
    { name: "top/a", body: "whole" },
    { name: "top/b", body: "x".repeat(5000) },
  ])
  const cut = extractTar(inChunks(bytes.subarray(0, 3000)), {
    into: Buffer.from(dest),
    as: Buffer.from("copy"),
    from: [Buffer.from("top")],
    preserveSpecial: false,
    skipped: () => undefined,
    special: () => undefined,
  })
  await expect(cut).rejects.toMatchObject({ code: "ConnectionLost" })
  expect(readdirSync(join(dest, "copy"))).toEqual(["a"])
})

test("a directory in the way of a file, and a file in the way of a directory, stay", async () => {
  mkdirSync(join(dest, "copy", "d"), { recursive: true })
  writeFileSync(join(dest, "copy", "f"), "mine")
  expect(
    await extract([
      { name: "top/d", body: "x" },
      { name: "top/f/below", body: "x" },
    ]),
  ).toHaveLength(2)
  expect(existsSync(join(dest, "copy", "d"))).toBe(true)
  expect(readFileSync(join(dest, "copy", "f"), "utf8")).toBe("mine")
  expect(readdirSync(join(dest, "copy")).sort()).toEqual(["d", "f"])
})
