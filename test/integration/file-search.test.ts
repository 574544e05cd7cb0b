import { once } from "node:events"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { RecoveryError } from "../../src/api/reasons.ts"
import { percentDecode, percentEncode } from "../../src/files/names.ts"
import { type SearchLine, searchLineSchema } from "../../src/files/schemas.ts"
import type { FileSource, FoundFile } from "../../src/files/source.ts"
import { directorySource } from "../support/directory-source.ts"
import { type FileServiceLab, fileServiceLab } from "../support/file-service.ts"

let root: string
const bad = Buffer.from("bad\xff\nname.db", "latin1")

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "search-"))
  mkdirSync(join(root, "deep/er"), { recursive: true })
  writeFileSync(join(root, "orders.db"), "x".repeat(100))
  writeFileSync(join(root, "deep/er/Orders.DB"), "y")
  writeFileSync(Buffer.concat([Buffer.from(`${root}/deep/`), bad]), "")
  symlinkSync("../orders.db", join(root, "deep/link.db"))
  utimesSync(join(root, "orders.db"), 1_700_000_000, 1_700_000_000)
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const linesOf = (body: Buffer): SearchLine[] =>
  body
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => searchLineSchema.parse(JSON.parse(line)))

async function search(service: FileServiceLab, query: string) {
  const answer = await service.read(`/v1/search?${query}`)
  expect(answer).toMatchObject({ status: 200, headers: { "content-type": "application/x-ndjson" } })
  const lines = linesOf(answer.body)
  const paths = lines.flatMap((line) => (line.event === "match" ? [percentDecode(line.path).toString("latin1")] : []))
  return { lines, paths: paths.sort(), end: lines.at(-1) }
}

const badPath = `/deep/${bad.toString("latin1")}`

test.each<[string, string, string[]]>([
  ["a glob", "name=*.db", [badPath, "/deep/link.db", "/orders.db"]],
  ["a glob without case", "name=ORDERS.*&ignoreCase=true", ["/deep/er/Orders.DB", "/orders.db"]],
  ["a name of any bytes", `name=${percentEncode(bad)}`, [badPath]],
  ["a type", "type=symlink&type=directory", ["/deep", "/deep/er", "/deep/link.db"]],
  ["below a folder", "path=/deep/er", ["/deep/er/Orders.DB"]],
  ["sizes", "type=file&minSize=1&maxSize=99", ["/deep/er/Orders.DB"]],
  ["a time", "older=2024-01-01", ["/orders.db"]],
  ["two times", "newer=2023-11-14T22:13:20Z&older=2023-11-14T22:13:21Z", ["/orders.db"]],
  ["nothing", "name=nothing", []],
])("finds by %s", async (_, query, expected) => {
  await using service = await fileServiceLab(directorySource(root))
  const { paths, end } = await search(service, query)
  expect(paths).toEqual([...expected].sort())
  expect(end).toEqual({
    event: "end",
    complete: true,
    matches: expected.length,
    truncated: false,
    searched: ["data"],
    skipped: [],
  })
})

test("a match is described as an entry is, with a path for people", async () => {
  await using service = await fileServiceLab(directorySource(root))
  const { lines } = await search(service, "name=link.db")
  expect(lines).toContainEqual(
    expect.objectContaining({ event: "match", volume: "data", path: "/deep/link.db", linkTarget: "..%2Forders.db" }),
  )
  const odd = await search(service, "name=bad*")
  expect(odd.lines).toContainEqual(expect.objectContaining({ displayPath: "/deep/bad\\xff\\x0aname.db" }))
})

test("more than the limit is told to be there", async () => {
  await using service = await fileServiceLab(directorySource(root))
  const { paths, end } = await search(service, "name=*.db&limit=2")
  expect(paths).toHaveLength(2)
  expect(end).toMatchObject({ complete: false, truncated: true, matches: 2, skipped: ["data"] })
  expect((await search(service, "name=*.db&limit=3")).end).toMatchObject({ complete: true, truncated: false })
})

/** Several volumes; `broken` fails midway, `locked` can't be opened, `swap` holds no files. */
function several(): FileSource {
  const one = directorySource(root)
  const [data] = one.catalogue().volumes
  if (!data) throw new Error("no volume")
  const volumes = [
    { ...data, path: "broken" },
    { ...data, path: "locked", state: "Locked" as const },
    { ...data, path: "swap", kind: "swap" as const, state: "Unsupported" as const },
    data,
  ]
  return {
    ...one,
    catalogue: () => ({ disks: [], volumes }),
    open: async (volume) => {
      if (volume === "locked") throw new RecoveryError("VolumeLocked", "locked is encrypted.")
      return one.open(volume === "broken" ? "data" : volume)
    },
    async *search(volume, ...rest) {
      yield* one.search("data", ...rest)
      if (volume === "broken") throw new RecoveryError("VolumeCorrupt", "Not all could be read.")
    },
  }
}

test("what goes wrong in one volume is told, and the others are searched", async () => {
  await using service = await fileServiceLab(several())
  const { lines, paths, end } = await search(service, "name=orders.db")
  expect(paths).toEqual(["/orders.db", "/orders.db"])
  expect(lines.filter(({ event }) => event === "problem")).toEqual([
    { event: "problem", volume: "broken", code: "VolumeCorrupt", message: "Not all could be read." },
    { event: "problem", volume: "locked", code: "VolumeLocked", message: "locked is encrypted." },
  ])
  expect(end).toMatchObject({ complete: false, searched: ["data"], skipped: ["broken", "locked"] })
})

test("a folder has to be in a volume that was named, and need not be in all", async () => {
  await using service = await fileServiceLab(directorySource(root))
  expect((await search(service, "path=/nope")).end).toMatchObject({ complete: true, searched: ["data"] })
  const { lines, end } = await search(service, "path=/nope&volume=data&volume=none")
  expect(lines.filter(({ event }) => event === "problem")).toMatchObject([
    { volume: "data", code: "PathNotFound" },
    { volume: "none", code: "PathNotFound" },
  ])
  expect(end).toMatchObject({ complete: false, skipped: ["data", "none"] })
})

test("files that lie too deep to be named are told of", async () => {
  const long = Buffer.from(`/${"a/".repeat(2100)}orders.db`)
  const file = { mode: 0o100644, sizeBytes: 1, uid: 0, gid: 0, mtimeNs: 0n }
  const source: FileSource = {
    ...directorySource(root),
    async *search() {
      yield [{ ...file, path: long } satisfies FoundFile, { ...file, path: Buffer.from("/orders.db") }]
    },
  }
  await using service = await fileServiceLab(source)
  const { paths, lines } = await search(service, "name=orders.db")
  expect(paths).toEqual(["/orders.db"])
  expect(lines).toContainEqual(expect.objectContaining({ event: "problem", code: "UnsafePath" }))
})

/** A search that finds one file and then goes on for ever. */
function endless() {
  const stopped = Promise.withResolvers<void>()
  const source: FileSource = {
    ...directorySource(root),
    async *search(_, __, ___, { signal }) {
      yield [{ path: Buffer.from("/first"), mode: 0o100644, sizeBytes: 1, uid: 0, gid: 0, mtimeNs: 0n }]
      await once(signal, "abort")
      stopped.resolve()
      signal.throwIfAborted()
    },
  }
  return { source, stopped: stopped.promise }
}

test("matches come as they are found; closing ends the search; others wait no longer than told", async () => {
  const { source, stopped } = endless()
  await using service = await fileServiceLab(source, { searches: 1 })
  const response = await service.ask("/v1/search")
  let text = ""
  for await (const chunk of response as AsyncIterable<Buffer>) {
    text += chunk.toString()
    if (text.includes("/first")) break
  }
  await stopped
  await expect.poll(async () => (await service.ask("/v1/search")).statusCode).toBe(200)
  expect(await service.read("/v1/search")).toMatchObject({ status: 429, headers: { "retry-after": "1" } })
})
