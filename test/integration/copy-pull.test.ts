import {
  chmodSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { execFileSync, spawnSync } from "node:child_process"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { endOfArchive } from "../../src/files/tar/block.ts"
import { readTar } from "../../src/files/tar/reader.ts"
import { paxHeader } from "../../src/files/tar/writer.ts"
import { type CopyLab, copyLab } from "../support/copy-lab.ts"

let lab: CopyLab
beforeEach(async () => {
  lab = await copyLab()
})
afterEach(() => lab[Symbol.asyncDispose]())

const tree = { "tree/a": "one", "tree/b/c": "two", "tree/b/d/e": "three" }

test("a tree, with its modes and times, and nothing besides", async () => {
  lab.write(lab.source, tree)
  mkdirSync(join(lab.source, "tree/empty"))
  symlinkSync("../anywhere", join(lab.source, "tree/link"))
  chmodSync(join(lab.source, "tree/a"), 0o4751)
  chmodSync(join(lab.source, "tree/b"), 0o555)
  // as texts: Node takes a number below zero for now
  utimesSync(join(lab.source, "tree/a"), "1e9", "1e9")
  utimesSync(join(lab.source, "tree/b"), "-315619200", "-315619200")
  utimesSync(join(lab.source, "tree/b/d/e"), "-0.75", "-0.75")
  expect(await lab.pull()).toMatchObject({ reason: "Copied", files: 4, bytes: 11, skipped: 0, failed: 0 })
  expect(lab.read()).toEqual(lab.read(lab.source))
  const copies = ["tree/a", "tree/b", "tree/b/d/e"].map((path) => statSync(join(lab.destination, path)))
  const [file, directory] = copies
  expect([file?.mode, directory?.mode]).toEqual([0o100751, 0o040555])
  expect(copies.map(({ mtimeMs }) => mtimeMs)).toEqual([1e12, -315_619_200_000, -750])
})

test("with owners: of files, links and directories, but not of a directory that was there", async () => {
  lab.write(lab.source, tree)
  symlinkSync("a", join(lab.source, "tree/link"))
  const owners: [string, number, number][] = [
    ["tree", 1, 2],
    ["tree/a", 1000, 4_000_000_000],
    ["tree/b", 7, 8],
    ["tree/b/c", 9, 10],
    ["tree/b/d", 11, 12],
    ["tree/link", 13, 14],
  ]
  for (const [path, uid, gid] of owners) lchownSync(join(lab.source, path), uid, gid)
  chmodSync(join(lab.source, "tree/a"), 0o6751)
  mkdirSync(join(lab.destination, "tree/b"), { recursive: true })
  expect(await lab.pull({ preserve: ["Owner"] })).toMatchObject({ reason: "Copied", files: 4, failed: 0 })
  const found = owners.map(([path]) => {
    const { uid, gid } = lstatSync(join(lab.destination, path))
    return [path, uid, gid]
  })
  const there = ["tree", "tree/b"]
  expect(found).toEqual(owners.map(([path, ...owner]) => [path, ...(there.includes(path) ? [0, 0] : owner)]))
  expect(statSync(join(lab.destination, "tree/a")).mode & 0o7777).toBe(0o751)
})

test("with attributes: ACLs and user.*, of files and directories, also of one that nobody may write", async () => {
  lab.write(lab.source, tree)
  const at = (root: string, ...paths: string[]) => paths.map((path) => join(root, path))
  const [file = "", directory = "", locked = ""] = at(lab.source, "tree/a", "tree/b", "tree/b/c")
  execFileSync("setfattr", ["-n", "user.origin", "-v", "0x00ff0a", file])
  execFileSync("setfattr", ["-n", "user.note", "-v", "kept", locked])
  execFileSync("setfacl", ["-m", "u:1234:rw,g:77:r", file])
  execFileSync("setfacl", ["-d", "-m", "u:88:rwx", directory])
  chmodSync(locked, 0o444)
  const told = (root: string) => {
    const all = at(root, "tree/a", "tree/b", "tree/b/c", "tree/b/d/e")
    const [options, env] = [["-n", "-p", "--omit-header"], { ...process.env, LC_ALL: "C" }]
    return [
      ...all.map((path) => execFileSync("getfacl", [...options, path], { env }).toString()),
      ...all.map((path) =>
        execFileSync("getfattr", ["-d", "-e", "hex", "--absolute-names", path], { cwd: root })
          .toString()
          .split("\n")
          .slice(1),
      ),
    ]
  }
  expect(await lab.pull({ preserve: ["Attributes"] })).toMatchObject({ reason: "Copied", files: 3, failed: 0 })
  expect(told(lab.destination)).toEqual(told(lab.source))
  const modes = (root: string) => at(root, "tree/a", "tree/b", "tree/b/c").map((path) => statSync(path).mode)
  expect(modes(lab.destination)).toEqual(modes(lab.source))
})

test("an attribute that the destination doesn't take is a failure, and what lacks it doesn't get the file's name", async () => {
  async function* grown(tar: AsyncIterable<Buffer>) {
    const attributes = new Map([["SCHILY.xattr.user.large", Buffer.alloc(70_000)]])
    for await (const { header } of readTar(tar))
      yield paxHeader(header.name.toString().endsWith("tree/a") ? { ...header, attributes } : header)
    yield endOfArchive
  }
  await using lab = await copyLab((source) => ({ ...source, tar: (...args) => grown(source.tar(...args)) }))
  lab.write(lab.source, tree)
  const result = await lab.pull({ preserve: ["Attributes"] })
  expect(result).toMatchObject({ reason: "CopyIncomplete", files: 2, failed: 1 })
  expect(result.failures).toMatchObject([{ path: "/data/tree/a", reason: "CopyIncomplete" }])
  expect(lab.read()).not.toHaveProperty("tree/a")
})

test("several places into a directory that is made: a file, a tree, and a whole volume under its name", async () => {
  lab.write(lab.source, { ...tree, "single file": "four" })
  const directory = [Buffer.from("re"), Buffer.from("stored")]
  const result = await lab.pull({ paths: ["/single file", "/tree/b", "/"], directory })
  expect(result).toMatchObject({ reason: "Copied", files: 1 + 2 + 4 })
  expect(Object.keys(lab.read(join(lab.destination, "re/stored"))).filter((path) => !path.endsWith("/"))).toEqual([
    "b/c",
    "b/d/e",
    "data/single file",
    "data/tree/a",
    "data/tree/b/c",
    "data/tree/b/d/e",
    "single file",
  ])
})

test.each([
  ["Fail", { "tree/a": "mine" }, { reason: "DestinationExists", files: 2, skipped: 0, failed: 1 }],
  ["Skip", { "tree/a": "mine" }, { reason: "Copied", files: 2, skipped: 1, failed: 0 }],
  ["Overwrite", { "tree/a": "one" }, { reason: "Copied", files: 3, skipped: 0, failed: 0 }],
  ["Rename", { "tree/a": "mine", "tree/a.recovered": "one" }, { reason: "Copied", files: 3, skipped: 0, failed: 0 }],
] as const)("a name that is taken, conflict %s", async (conflict, there, outcome) => {
  lab.write(lab.source, tree)
  lab.write(lab.destination, { "tree/a": "mine", "tree/other": "stays" })
  expect(await lab.pull({ conflict })).toMatchObject(outcome)
  expect(lab.read()).toEqual({ "tree/": "", "tree/b/": "", "tree/b/d/": "", ...tree, "tree/other": "stays", ...there })
})

test.each(["Fail", "Skip", "Overwrite", "Rename"] as const)(
  "a link in the way is not followed, conflict %s",
  async (conflict) => {
    lab.write(lab.source, tree)
    lab.write(lab.destination, { outside: "safe", "elsewhere/x": "safe", "tree/x": "" })
    symlinkSync("../outside", join(lab.destination, "tree/a"))
    symlinkSync("../elsewhere", join(lab.destination, "tree/b"))
    const { failed } = await lab.pull({ conflict })
    expect(failed).toBe(conflict === "Fail" ? 2 : 1)
    expect(lab.read()).toMatchObject({ outside: "safe", "elsewhere/x": "safe" })
    expect(lab.read()).not.toHaveProperty("elsewhere/c")
  },
)

test("renamed again where that is taken as well, and a directory in the way of a file is never written over", async () => {
  lab.write(lab.source, { "tree/a": "new", "tree/a.recovered": "x" })
  lab.write(lab.destination, { "tree/a": "", "tree/a.recovered": "" })
  await lab.pull({ conflict: "Rename" })
  expect(Object.values(lab.read()).sort()).toEqual(["", "", "", "new", "x"].sort())
  lab.write(lab.source, { "more/d": "file" })
  lab.write(lab.destination, { "more/d/inside": "stays" })
  expect(await lab.pull({ paths: ["/more"], conflict: "Overwrite" })).toMatchObject({
    reason: "DestinationExists",
    failures: [{ path: "/data/more/d" }],
  })
  expect(lab.read()).toMatchObject({ "more/d/inside": "stays" })
})

test("names of any bytes, and files that can't be copied: the others are", async () => {
  const name = Buffer.concat([Buffer.from(join(lab.source, "tree/")), Buffer.from([0xff, 0x0a, 0x5c, 0x20])])
  lab.write(lab.source, tree)
  writeFileSync(name, "bytes")
  spawnSync("mkfifo", [join(lab.source, "tree/pipe")])
  expect(await lab.pull({ paths: ["/tree", "/missing"] })).toMatchObject({
    reason: "CopyIncomplete",
    files: 4,
    skipped: 1,
    failed: 1,
    failures: [{ path: "/data/missing", reason: "PathNotFound" }],
  })
  const there = Buffer.concat([Buffer.from(join(lab.destination, "tree/")), Buffer.from([0xff, 0x0a, 0x5c, 0x20])])
  expect(readFileSync(there, "utf8")).toBe("bytes")
})

test("holes stay holes", async () => {
  lab.write(lab.source, { "tree/sparse": "" })
  spawnSync("truncate", ["-s", "8M", join(lab.source, "tree/sparse")])
  await lab.pull()
  const { size, blocks } = statSync(join(lab.destination, "tree/sparse"))
  expect([size, blocks]).toEqual([8 * 2 ** 20, 0])
})

test("a password that isn't the session's ends it, and leaves nothing", async () => {
  lab.write(lab.source, tree)
  const result = await lab.pull({ files: lab.lab.client({ password: "wrong" }) })
  expect(result).toMatchObject({ files: 0, failed: 0 })
  expect(["LoginRefused", "AccessDenied"]).toContain(result.reason)
  expect(lab.read()).toEqual({})
})

test("another session's server is not talked to", async () => {
  lab.write(lab.source, tree)
  const files = lab.lab.client({ sessionUid: "00000000-0000-0000-0000-000000000000" })
  expect(await lab.pull({ files })).toMatchObject({ reason: "LoginRefused", files: 0 })
  expect(lab.read()).toEqual({})
})
