import { execFileSync } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { zstdDecompressSync } from "node:zlib"
import { afterAll, beforeAll, expect, test } from "vitest"
import { RecoveryError } from "../../src/api/reasons.ts"
import { percentEncode } from "../../src/files/names.ts"
import type { FileSource } from "../../src/files/source.ts"
import { directorySource } from "../support/directory-source.ts"
import { fileServiceLab } from "../support/file-service.ts"

/** Archives of several paths in each format, and manifests, held against what the machine's own tools make of them. */
let root: string
let into: string
const big = randomBytes(700_000)
const odd = [
  Buffer.from("back\\slash"),
  Buffer.from("new\nline\r"),
  Buffer.from("bad\xff", "latin1"),
  Buffer.from("-rf"),
]

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "archives-"))
  mkdirSync(join(root, "a/deep"), { recursive: true })
  mkdirSync(join(root, "b"))
  writeFileSync(join(root, "a/big"), big)
  writeFileSync(join(root, "a/deep/small"), "small")
  linkSync(join(root, "a/deep/small"), join(root, "a/hard"))
  symlinkSync("deep", join(root, "a/folder"))
  symlinkSync("big", join(root, "a/link"))
  for (const name of odd) writeFileSync(Buffer.concat([Buffer.from(`${root}/b/`), name]), name)
  into = mkdtempSync(join(tmpdir(), "unpacked-"))
})
afterAll(() => {
  rmSync(root, { recursive: true, force: true })
  rmSync(into, { recursive: true, force: true })
})

const lab = () => fileServiceLab(directorySource(root))
const archive = (query: string) => `/v1/volumes/data/archive?${query}`
const manifest = (path: string | Buffer) =>
  `/v1/volumes/data/sha256?path=${percentEncode(Buffer.from(path as string), "/")}`
const membersOf = (tar: Buffer) => execFileSync("tar", ["-t"], { input: tar, encoding: "utf8" }).trimEnd().split("\n")

test("several paths in one tar, each once", async () => {
  await using service = await lab()
  const { body, headers } = await service.read(archive("path=/a/deep&path=/b/-rf&path=/a/deep/small&path=/b/-rf"))
  expect(membersOf(body)).toEqual(["./a/deep/", "./a/deep/small", "./b/-rf"])
  expect(headers).toMatchObject({
    "content-type": "application/x-tar",
    "content-disposition": expect.stringContaining('filename="data.tar"'),
  })
})

test("headers only: the same members, all empty; a zip has no such form", async () => {
  await using service = await lab()
  const all = await service.read(archive("path=/a&hardLinks=files"))
  const headers = await service.read(archive("path=/a&headersOnly=true"))
  expect(membersOf(headers.body)).toEqual(membersOf(all.body))
  expect(headers.body.length).toBeLessThan(30_000)
  expect(await service.read(archive("path=/a&headersOnly=true&format=zip"))).toMatchObject({ status: 400 })
})

test("behind its end a tar goes on to the end of a record only, so that a tar that reads it reads all of it", async () => {
  await using service = await lab()
  for (const path of ["/a", "/b", "/b/-rf", "/"]) {
    const { body } = await service.read(archive(`path=${path}`))
    expect(body.length % 10_240).toBe(0)
    const bare = body.subarray(0, body.findLastIndex((byte) => byte !== 0) + 1)
    expect(body.length - bare.length).toBeLessThan(512 + 1024 + 10_240)
    expect(membersOf(body).length).toBeGreaterThan(0)
  }
})

test("tar.zst is the same tar, packed", async () => {
  await using service = await lab()
  const { body, headers } = await service.read(archive("path=/a&format=tar.zst"))
  expect(headers).toMatchObject({
    "content-type": "application/zstd",
    "content-disposition": expect.stringContaining('filename="a.tar.zst"'),
  })
  expect(membersOf(zstdDecompressSync(body)).sort()).toEqual([
    "./a/",
    "./a/big",
    "./a/deep/",
    "./a/deep/small",
    "./a/folder",
    "./a/hard",
    "./a/link",
  ])
})

test("a zip of a whole volume holds every file under a name of its own", async () => {
  await using service = await lab()
  const { body, headers } = await service.read(archive("format=zip"))
  expect(headers["content-type"]).toBe("application/zip")
  const path = join(into, "all.zip")
  writeFileSync(path, body)
  execFileSync("unzip", ["-q", path, "-d", into], { env: { ...process.env, LC_ALL: "C.UTF-8" } })
  expect(readFileSync(join(into, "a/big"))).toSatisfy((bytes: Buffer) => bytes.equals(big))
  expect(readFileSync(join(into, "a/hard"), "utf8")).toBe("small")
  const names = ["back%5Cslash", "new%0Aline%0D", "bad%FF", "-rf"]
  for (const [index, name] of names.entries()) expect(readFileSync(join(into, "b", name))).toEqual(odd[index])
})

test.each(["tar", "tar.zst", "zip"])(
  "one path that isn't there is an error before the first byte: %s",
  async (format) => {
    await using service = await lab()
    const answer = await service.read(archive(`path=/a&path=/nope&format=${format}`))
    expect(answer.status).toBe(404)
    expect(answer.headers["content-disposition"]).toBeUndefined()
  },
)

/** A source whose archives break in the middle. */
function breaking(): FileSource {
  const source = directorySource(root)
  return {
    ...source,
    async *tar(...asked) {
      let sent = 0
      for await (const chunk of source.tar(...asked)) {
        yield chunk
        sent += chunk.length
        if (sent > 100_000) throw new RecoveryError("VolumeCorrupt", "a part can't be read")
      }
    },
  }
}

test.each(["archive?path=/a", "archive?path=/a&format=tar.zst", "archive?path=/a&format=zip", "sha256?path=/a"])(
  "what fails midway is a broken connection: %s",
  async (resource) => {
    await using service = await fileServiceLab(breaking())
    await expect(service.read(`/v1/volumes/data/${resource}`)).rejects.toThrow(/aborted|hang up/)
  },
)

test.each(["archive?path=/a", "archive?path=/a&format=zip", "sha256?path=/a"])(
  "who asks for the head only, or goes away, leaves nothing running: %s",
  async (resource) => {
    const source = directorySource(root)
    let running = 0
    await using service = await fileServiceLab({
      ...source,
      async *tar(...asked) {
        running++
        try {
          yield* source.tar(...asked)
        } finally {
          running--
        }
      },
    })
    const head = await service.read(`/v1/volumes/data/${resource}`, { method: "HEAD" })
    expect(head).toMatchObject({ status: 200, body: Buffer.alloc(0) })
    await expect.poll(() => running).toBe(0)
    const response = await service.ask(`/v1/volumes/data/${resource}`)
    response.destroy()
    await expect.poll(() => running).toBe(0)
  },
)

test("sha256sum -c takes the manifest of a whole volume", async () => {
  await using service = await lab()
  const { body, headers } = await service.read(manifest("/"))
  expect(headers["content-type"]).toBe("text/plain")
  const checked = execFileSync("sha256sum", ["-c", "--strict", "-"], { cwd: root, input: body, encoding: "latin1" })
  expect(checked.match(/: OK$/gm)).toHaveLength(3 + odd.length)
})

test.each(["/a/big", "/a/link", ...odd.map((name) => Buffer.concat([Buffer.from("/b/"), name]))])(
  "the manifest of a file: %s",
  async (path) => {
    await using service = await lab()
    const { body } = await service.read(manifest(path))
    const checked = execFileSync("sha256sum", ["-c", "--strict", "-"], { cwd: root, input: body, encoding: "latin1" })
    expect(checked).toMatch(/: OK\n$/)
  },
)

test("a manifest names files relative to the volume's root", async () => {
  await using service = await lab()
  const { body } = await service.read(manifest("/a/deep"))
  expect(body.toString()).toBe(`${createHash("sha256").update("small").digest("hex")}  a/deep/small\n`)
})

test.each([
  ["what isn't there", "/nope", 404, "PathNotFound"],
  ["a link to a directory", "/a/folder", 400, "UsageError"],
])("no manifest of %s", async (_, path, status, code) => {
  await using service = await lab()
  const answer = await service.read(manifest(path))
  expect(answer.status).toBe(status)
  expect(JSON.parse(answer.body.toString())).toMatchObject({ code })
})
