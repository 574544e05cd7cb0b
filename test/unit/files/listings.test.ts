import { expect, test } from "vitest"
import { RecoveryError } from "../../../src/api/reasons.ts"
import { Listings } from "../../../src/files/listings.ts"
import type { DirectoryEntry, FileSource } from "../../../src/files/source.ts"
import { viewOf } from "../../../src/files/view.ts"

const entry = (index: number): DirectoryEntry => ({
  name: Buffer.from(`f${index}`),
  mode: 0o100644,
  sizeBytes: 0,
  uid: 0,
  gid: 0,
  mtimeNs: 0n,
})

/** A directory of `count` entries that counts how often it is opened and how many readers are held; `failure` comes behind them. */
function directoryOf(count: number, failure?: RecoveryError) {
  const seen = { opened: 0, held: 0 }
  const unused = () => Promise.reject(new Error("not used"))
  const source: FileSource = {
    catalogue: () => ({ disks: [], volumes: [] }),
    tar: () => {
      throw new Error("not used")
    },
    search: () => {
      throw new Error("not used")
    },
    open: async () => {
      seen.opened++
      seen.held++
      return {
        lstat: unused,
        stat: unused,
        readlink: unused,
        read: () => {
          throw new Error("not used")
        },
        release: () => void seen.held--,
        async *list() {
          for (let at = 0; at < count; at += 7)
            yield Array.from({ length: Math.min(7, count - at) }, (_, index) => entry(at + index))
          if (failure !== undefined) throw failure
        },
      }
    },
  }
  return { source, seen }
}

const path = Buffer.from("/a")
const names = (entries: DirectoryEntry[]) => entries.map(({ name }) => name.toString())

async function readAll(listings: Listings, limit: number): Promise<string[]> {
  const all: string[] = []
  for (let from: number | undefined = 0; from !== undefined;) {
    const page: Awaited<ReturnType<Listings["page"]>> = await listings.page("v", path, from, limit)
    all.push(...names(page.entries))
    from = page.next
  }
  return all
}

test.each([
  ["an empty directory", 0, 10],
  ["one page exactly", 10, 10],
  ["pages of one", 15, 1],
  ["pages larger than what is read at once", 100, 30],
])("pages give every entry once: %s", async (_, count, limit) => {
  const { source, seen } = directoryOf(count)
  const all = await readAll(new Listings(source, 4), limit)
  expect(all).toEqual(Array.from({ length: count }, (_, index) => `f${index}`))
  await expect.poll(() => seen).toEqual({ opened: 1, held: 0 })
})

test("a page asked for again is read again", async () => {
  const { source, seen } = directoryOf(50)
  const listings = new Listings(source, 4)
  await listings.page("v", path, 0, 20)
  const first = await listings.page("v", path, 20, 20)
  const again = await listings.page("v", path, 20, 20)
  expect(names(again.entries)).toEqual(names(first.entries))
  expect(seen.opened).toBe(2)
})

test("no more directories stay open than allowed", async () => {
  const { source, seen } = directoryOf(50)
  const listings = new Listings(source, 3)
  for (let index = 0; index < 10; index++) await listings.page("v", Buffer.from(`/${index}`), 0, 10)
  await expect.poll(() => seen.held).toBe(3)
  listings.close()
  await expect.poll(() => seen.held).toBe(0)
})

test("a cursor beyond the end is refused and holds nothing", async () => {
  const { source, seen } = directoryOf(5)
  await expect(new Listings(source, 3).page("v", path, 6, 10)).rejects.toMatchObject({ code: "UsageError" })
  await expect.poll(() => seen.held).toBe(0)
})

const view = (asked: Partial<Parameters<typeof viewOf>[0]>) =>
  viewOf({ ignoreCase: false, type: [], order: "asc", ...asked })

async function readView(count: number, limit: number, asked: Partial<Parameters<typeof viewOf>[0]>) {
  const { source, seen } = directoryOf(count)
  const listings = new Listings(source, 4)
  const all: string[] = []
  for (let from: number | undefined = 0; from !== undefined;) {
    const page: Awaited<ReturnType<Listings["page"]>> = await listings.page("v", path, from, limit, view(asked))
    all.push(...names(page.entries))
    from = page.next
  }
  await expect.poll(() => seen.held).toBe(0)
  return all
}

test.each<[string, Partial<Parameters<typeof viewOf>[0]>, string[]]>([
  ["by a glob", { name: Buffer.from("f?5") }, ["f15", "f25", "f35", "f45"]],
  ["by a type", { type: ["directory"] }, []],
  ["sorted", { name: Buffer.from("f[23]"), sort: "name", order: "desc" }, ["f3", "f2"]],
  ["sorted by what is equal", { name: Buffer.from("f[23]"), sort: "mtime" }, ["f2", "f3"]],
])("a view shows some: %s", async (_, asked, expected) => {
  expect(await readView(50, 3, asked)).toEqual(expected)
})

test("a sorted directory comes in pages, and one with too many entries is refused", async () => {
  const all = await readView(6000, 1000, { sort: "name" })
  expect(all).toEqual(Array.from({ length: 6000 }, (_, index) => `f${index}`).sort())
  await expect(readView(100_001, 10, { sort: "name" })).rejects.toMatchObject({ code: "UsageError" })
})

test("few directories are held sorted", async () => {
  const { source, seen } = directoryOf(50)
  const listings = new Listings(source, 16)
  for (let index = 0; index < 10; index++)
    await listings.page("v", Buffer.from(`/${index}`), 0, 10, view({ sort: "name" }))
  await expect.poll(() => seen.held).toBe(2)
  const many = Array.from({ length: 10 }, (_, index) =>
    listings.page("v", Buffer.from(`/${index}`), 0, 10, view({ sort: "size" })),
  )
  const refused = (await Promise.allSettled(many)).filter(({ status }) => status === "rejected")
  expect(refused).toHaveLength(8)
  listings.close()
})

test.each([
  ["in the order of the disk", undefined],
  ["sorted", view({ sort: "name" })],
])("of a damaged directory what can be read is listed %s, then the error is told", async (_, wanted) => {
  const damaged = new RecoveryError("VolumeCorrupt", "/a is damaged")
  const { source, seen } = directoryOf(10, damaged)
  const listings = new Listings(source, 8)
  const first = await listings.page("v", path, 0, 6, wanted)
  const second = await listings.page("v", path, first.next ?? 0, 6, wanted)
  expect([...names(first.entries), ...names(second.entries)]).toHaveLength(10)
  await expect(listings.page("v", path, second.next ?? 0, 6, wanted)).rejects.toBe(damaged)
  // a client that comes back late meets the same
  await expect(listings.page("v", path, 10, 6, wanted)).rejects.toBe(damaged)
  listings.close()
  await expect.poll(() => seen.held).toBe(0)
})

test("a directory of which nothing can be read, or whose guest is lost, is an error at once", async () => {
  for (const [count, code] of [
    [0, "VolumeCorrupt"],
    [10, "GuestFailed"],
  ] as const) {
    const listings = new Listings(directoryOf(count, new RecoveryError(code, "no")).source, 8)
    await expect(listings.page("v", path, 0, 100)).rejects.toMatchObject({ code })
  }
})
