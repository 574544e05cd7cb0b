import { createHash } from "node:crypto"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import type { TarHeader } from "../../src/files/tar/header.ts"
import { readTar } from "../../src/files/tar/reader.ts"
import type { FindTests, FoundEntry } from "../../src/guest/search.ts"
import { plainImages } from "../support/guest/images.ts"
import { startTestGuest, type TestGuest } from "../support/guest/test-guest.ts"
import { oddNames } from "../support/guest/tree.ts"

/** What the guest says in long streams: searches, and archives of several paths. */
const { signal } = new AbortController()
let vm: TestGuest

beforeAll(async () => {
  const images = await plainImages()
  vm = await startTestGuest(["whole", "gpt"].map((name) => join(images, `${name}.img`)))
})
afterAll(() => vm.stop())

async function search(tests: Partial<FindTests>, path = "/"): Promise<FoundEntry[]> {
  const all: FoundEntry[] = []
  for await (const batch of vm.guest.search("whole", Buffer.from(path), { types: [], ...tests }, { signal }))
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
  ["a time", { newer: 86400, older: 86401 }, ["/empty"]],
])("a search by %s", async (_, tests, expected) => {
  expect(paths(await search(tests))).toEqual(expected)
})

test("what is found is described, links are not followed", async () => {
  expect(await search(named("empty"))).toEqual([
    { path: Buffer.from("/empty"), mode: 0o100644, uid: 0, gid: 0, sizeBytes: 0, mtime: 86400 },
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

async function members(names: string[], contents: boolean): Promise<Map<string, string>> {
  const all = new Map<string, string>()
  const stream = vm.guest.tar(
    "whole",
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
