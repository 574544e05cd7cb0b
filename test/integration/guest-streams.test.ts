import { createHash } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import type { TarHeader } from "../../src/files/tar/header.ts"
import { readTar } from "../../src/files/tar/reader.ts"
import type { FindTests, FoundEntry } from "../../src/guest/search.ts"
import { damagedImages } from "../support/guest/damaged-images.ts"
import { plainImages } from "../support/guest/images.ts"
import { streamImage } from "../support/guest/stream-images.ts"
import { startTestGuest, type TestGuest } from "../support/guest/test-guest.ts"
import { oddNames } from "../support/guest/tree.ts"

/** What the guest says in long streams: searches, listings, and archives of several paths. */
const { signal } = new AbortController()
const second = 1_000_000_000n
let vm: TestGuest
let dir: string

beforeAll(async () => {
  const images = await plainImages()
  dir = await mkdtemp(join(tmpdir(), "frk-damaged-"))
  await damagedImages(dir)
  await streamImage(join(dir, "ntfs.img"))
  const plain = ["whole", "gpt"].map((name) => join(images, `${name}.img`))
  vm = await startTestGuest([...plain, ...["indexed", "linear", "ntfs"].map((name) => join(dir, `${name}.img`))])
})
afterAll(async () => {
  await vm.stop()
  await rm(dir, { recursive: true })
})

async function search(tests: Partial<FindTests>, path = "/", volume = "whole"): Promise<FoundEntry[]> {
  const all: FoundEntry[] = []
  for await (const batch of vm.guest.search(volume, Buffer.from(path), { types: [], ...tests }, { signal }))
    all.push(...batch)
  return all
}

const paths = (found: FoundEntry[]) => found.map(({ path }) => path.toString("latin1")).sort()
const named = (pattern: string, ignoreCase = false) => ({ name: { pattern: Buffer.from(pattern), ignoreCase } })

test("a search names files of any bytes", async () => {
  const expected = oddNames.map((name) => `/odd/${name.toString("latin1")}`).sort()
  expect(paths(await search({}, "/odd"))).toEqual(expected)
})

test.each<[string, Partial<FindTests>, string[]]>([
  ["a name", named("os-release"), ["/etc/os-release"]],
  ["a name without case", named("OS-REL*", true), ["/etc/os-release"]],
  ["a pattern that find must not take for an option", named("-rf"), ["/odd/-rf"]],
  ["an escaped pattern", named("\\*\\?\\[a\\]"), ["/odd/*?[a]"]],
  ["types", { types: ["fifo", "char", "block"] }, ["/links/disk", "/links/fifo", "/links/mem"]],
  ["a size", { types: ["file"], minSize: 24 << 20, maxSize: 24 << 20 }, ["/big"]],
  ["a time", { newer: 86_400n * second, older: 86_401n * second }, ["/empty"]],
])("a search by %s", async (_, tests, expected) => {
  expect(paths(await search(tests))).toEqual(expected)
})

test("what is found is described, links are not followed", async () => {
  expect(await search(named("empty"))).toEqual([
    { path: Buffer.from("/empty"), mode: 0o100644, uid: 0, gid: 0, sizeBytes: 0, mtimeNs: 86_400n * second },
  ])
  const [link] = await search({ ...named("root"), types: ["symlink"] })
  expect(link).toMatchObject({ path: Buffer.from("/links/root"), linkTarget: Buffer.from("/") })
})

test("a search begins behind a link, never outside of the volume", async () => {
  expect(paths(await search(named("f1"), "/links/root"))).toEqual(["/links/root/many/f1"])
  expect(await search({}, "/links/up")).toEqual([])
})

test("leaving a search frees its port", async () => {
  for (let round = 0; round < 12; round++)
    for await (const _ of vm.guest.search("whole", Buffer.from("/"), { types: [] }, { signal })) break
  expect(await search(named("empty"))).toHaveLength(1)
})

async function members(names: string[], contents: boolean, volume = "whole"): Promise<Map<string, string>> {
  const all = new Map<string, string>()
  const stream = vm.guest.tar(
    volume,
    names.map((name) => Buffer.from(name)),
    { signal, contents },
  )
  for await (const { header, body } of readTar(stream)) {
    const hash = createHash("sha256")
    for await (const chunk of body) hash.update(chunk)
    all.set(header.name.toString("latin1"), header.type === "file" ? hash.digest("hex") : header.type)
  }
  return all
}

test("several paths are one archive, with their attributes or only their contents", async () => {
  const full = await members(["/-dash dir\n", "/etc/os-release", "/many/f7"], false)
  const contents = await members(["/-dash dir\n", "/etc/os-release", "/many/f7"], true)
  expect([...full.keys()]).toEqual(["-dash dir\n/", "-dash dir\n/inside", "etc/os-release", "many/f7"])
  expect(contents).toEqual(full)
  expect(contents.get("many/f7")).toBe(createHash("sha256").update("7").digest("hex"))
})

/** The names in a directory, and what is said where those are not all. */
async function list(volume: string, path: string): Promise<{ names: string[]; error?: unknown }> {
  const names: string[] = []
  const reader = await vm.guest.open(volume)
  try {
    for await (const batch of reader.list(Buffer.from(path))) names.push(...batch.map(({ name }) => name.toString()))
    return { names }
  } catch (error) {
    return { names, error }
  } finally {
    reader.release()
  }
}

const corrupt = (words: string) => ({ code: "VolumeCorrupt", message: expect.stringContaining(words) })

test.each([
  ["whose only block is damaged", "indexed", "/sub", 0, "/sub is damaged"],
  ["with a damaged block that ext4 passes over", "linear", "/sub", 100, "/sub is damaged"],
  ["with an entry whose inode is damaged", "indexed", "/gone", 2, "1 of the entries of /gone can't be looked at"],
])("a directory %s says so: listed, searched, in an archive", async (_, volume, path, least, words) => {
  const { names, error } = await list(volume, path)
  expect(error).toMatchObject(corrupt(words))
  expect(names.length).toBeGreaterThanOrEqual(least)
  await expect(search({}, path, volume)).rejects.toMatchObject(corrupt(path))
  await expect(members([path], false, volume)).rejects.toMatchObject(corrupt(path))
})

test.each(["indexed", "linear"])("directories beside the damaged ones are as before: %s", async (volume) => {
  expect(await list(volume, "/sound")).toEqual({ names: ["file"] })
  expect(paths(await search({}, "/sound", volume))).toEqual(["/sound/file"])
  expect([...(await members(["/sound"], false, volume)).keys()]).toEqual(["sound/", "sound/file"])
  expect((await list(volume, "/")).names.sort()).toEqual(["gone", "lost+found", "sound", "sub"])
})

/** The streams of each file of the NTFS, as attributes; and why the archive did not end well. */
async function streams(
  ...names: string[]
): Promise<{ found: Record<string, Record<string, string>>; error?: unknown }> {
  const found: Record<string, Record<string, string>> = {}
  const paths = names.map((name) => Buffer.from(name))
  try {
    for await (const { header } of readTar(vm.guest.tar("ntfs", paths, { signal }))) {
      const own = [...(header.attributes ?? [])].filter(([key]) => key.startsWith("SCHILY.xattr.user."))
      found[header.name.toString()] = Object.fromEntries(own.map(([key, value]) => [key.slice(18), value.toString()]))
    }
    return { found }
  } catch (error) {
    return { found, error }
  }
}

const kept = { one: "1", "größe %3D 100%25": "2" } // as GNU tar writes names

test("alternate data streams of NTFS are attributes in an archive", async () => {
  expect(await streams("/file", "/kept")).toEqual({ found: { file: {}, kept } })
})

test("a stream that is too large is told of at the archive's end, which has all else", async () => {
  const { found, error } = await streams("/")
  expect(found).toEqual({ "./": {}, "./file": {}, "./kept": kept, "./large": { a: "before", z: "behind" } })
  expect(error).toMatchObject(
    corrupt("alternate data stream /large:huge left out: the streams of this file are more than"),
  )
  expect((await members(["/"], true, "ntfs")).size).toBe(4)
})

test("headers alone: every file looks empty, and has the attributes that the archive has", async () => {
  const [full, headers] = [await headersOf({}), await headersOf({ headers: true })]
  expect([...headers.keys()]).toEqual([...full.keys()])
  expect(new Set([...headers.values()].map(({ sizeBytes }) => sizeBytes))).toEqual(new Set([0]))
  const marked = [...full].filter(([, { attributes, type }]) => attributes && type !== "hardlink")
  expect(marked.length).toBeGreaterThan(0)
  for (const [name, { attributes, mode, uid, gid, mtime }] of marked)
    expect(headers.get(name)).toMatchObject({ attributes, mode, uid, gid, mtime })
  expect([...headers.values()].some(({ type }) => type === "hardlink")).toBe(false)
})

async function headersOf(form: { headers?: boolean }): Promise<Map<string, TarHeader>> {
  const all = new Map<string, TarHeader>()
  for await (const { header } of readTar(vm.guest.tar("whole", [Buffer.from("/")], { signal, ...form })))
    all.set(header.name.toString("latin1"), header)
  return all
}
