import { execFileSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { connect as connectTcp } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connect as connectTls } from "node:tls"
import { afterAll, beforeAll, expect, test } from "vitest"
import { makeIdentities } from "../../src/cli/open/identities.ts"
import { percentDecode, percentEncode } from "../../src/files/names.ts"
import type { FileSource } from "../../src/files/source.ts"
import { directorySource } from "../support/directory-source.ts"
import { fileServiceLab } from "../support/file-service.ts"

let root: string
const odd = [
  Buffer.from("bad\xff\xfename", "latin1"),
  Buffer.from("new\nline"),
  Buffer.from("-rf"),
  Buffer.from("a+b %41"),
]
const big = randomBytes(3_000_000)
const isBig = (body: Buffer) => body.equals(big)

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "files-"))
  mkdirSync(join(root, "odd"))
  for (const name of odd) writeFileSync(Buffer.concat([Buffer.from(`${root}/odd/`), name]), name)
  writeFileSync(join(root, "big"), big)
  symlinkSync("big", join(root, "link"))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const lab = (limits?: Parameters<typeof fileServiceLab>[1]) => fileServiceLab(directorySource(root), limits)
const content = "/v1/volumes/data/content?path=/"

test("only the right password opens anything, the health check needs none", async () => {
  await using service = await lab()
  expect(await service.read("/healthz", { auth: undefined })).toMatchObject({ status: 200 })
  for (const auth of [undefined, "recover:wrong", "root:correct horse", "recover:"]) {
    const answer = await service.read("/v1/volumes", { auth })
    const headers = { "www-authenticate": expect.stringContaining("Basic"), connection: "close" }
    expect(answer).toMatchObject({ status: 401, headers })
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code: "LoginRefused" })
  }
  expect(service.service.usage()).toEqual({ clients: 0, filesRead: 0, bytesRead: 0, lastActivityAt: null })
  expect(await service.read("/v1/volumes")).toMatchObject({ status: 200 })
})

test("nothing a browser could run, sniff, frame or keep", async () => {
  await using service = await lab()
  const { headers } = await service.read(`${content}big`)
  expect(headers).toMatchObject({
    "x-content-type-options": "nosniff",
    "content-security-policy": expect.stringContaining("default-src 'none'"),
    "content-disposition": expect.stringMatching(/^attachment/),
    "cache-control": "no-store",
  })
})

test("a listing names every file byte for byte, in pages", async () => {
  await using service = await lab()
  const client = service.client()
  const names: Buffer[] = []
  for await (const page of client.list({ volume: "data", components: [Buffer.from("odd")] }))
    names.push(...page.map(({ name }) => percentDecode(name)))
  expect(names.sort((a, b) => a.compare(b))).toEqual(odd.toSorted((a, b) => a.compare(b)))
  const first = await service.read("/v1/volumes/data/list?path=/odd&limit=3")
  const { entries, next } = JSON.parse(first.body.toString()) as { entries: object[]; next: string }
  expect(entries).toHaveLength(3)
  const second = await service.read(`/v1/volumes/data/list?path=/odd&limit=3&cursor=${next}`)
  expect(JSON.parse(second.body.toString())).toEqual({ entries: [expect.anything()] })
  client.close()
})

test.each(odd.map((name) => [percentEncode(name), name] as const))(
  "the content of %s is found by its bytes",
  async (path, name) => {
    await using service = await lab()
    expect((await service.read(`${content}odd/${path}`)).body).toEqual(name)
  },
)

test("a link is described as one, and read as what it leads to", async () => {
  await using service = await lab()
  const stat = await service.read("/v1/volumes/data/stat?path=/link")
  expect(JSON.parse(stat.body.toString())).toMatchObject({ type: "symlink", linkTarget: "big", name: "link" })
  expect((await service.read(`${content}link`)).body).toSatisfy(isBig)
})

test.each([
  ["a missing file", `${content}nope`, 404, "PathNotFound"],
  ["a missing volume", "/v1/volumes/nope/list", 404, "PathNotFound"],
  ["the content of a directory", `${content}odd`, 409, "IsADirectory"],
  ["a listing of a file", "/v1/volumes/data/list?path=/big", 409, "NotADirectory"],
  ["a way up", "/v1/volumes/data/stat?path=/odd/../big", 400, "UnsafePath"],
  ["a tar of nothing", "/v1/volumes/data/tar?path=/nope", 404, "PathNotFound"],
])("%s is told: %s", async (_, path, status, code) => {
  await using service = await lab()
  const answer = await service.read(path)
  expect(answer.status).toBe(status)
  expect(JSON.parse(answer.body.toString())).toMatchObject({ code })
})

test("nothing but reading is allowed", async () => {
  await using service = await lab()
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"])
    expect(await service.read(`${content}big`, { method })).toMatchObject({
      status: 405,
      headers: { allow: "GET, HEAD" },
    })
})

test("a tar is what tar makes", async () => {
  await using service = await lab()
  const { body, headers } = await service.read("/v1/volumes/data/tar?path=/odd")
  expect(headers["content-type"]).toBe("application/x-tar")
  const into = mkdtempSync(join(tmpdir(), "untar-"))
  execFileSync("tar", ["-x", "-C", into], { input: body })
  for (const name of odd) expect(readFileSync(Buffer.concat([Buffer.from(`${into}/odd/`), name]))).toEqual(name)
  rmSync(into, { recursive: true })
})

/** A source whose archives are made by the test. */
const archiveSource = (tar: FileSource["tar"]): FileSource => ({ ...directorySource(root), tar })

test("an archive that fails midway is a broken connection, never a short archive", async () => {
  await using service = await fileServiceLab(
    archiveSource(async function* () {
      yield Buffer.alloc(1000, "x")
      throw new Error("the disk is gone")
    }),
  )
  await expect(service.read("/v1/volumes/data/tar")).rejects.toThrow(/aborted|hang up/)
})

test("an archive that has nothing but an end, without end, is a broken one", async () => {
  await using service = await fileServiceLab(
    archiveSource(async function* () {
      for (;;) yield Buffer.alloc(65_536)
    }),
  )
  const { status, body } = await service.read("/v1/volumes/data/tar")
  expect([status, body.toString()]).toEqual([409, expect.stringContaining("VolumeCorrupt")])
})

test("an archive that fails at once is an error that says no more than it must", async () => {
  await using service = await fileServiceLab(
    // oxlint-disable-next-line require-yield -- it fails before it has anything to give
    archiveSource(async function* () {
      throw new Error("secret details")
    }),
  )
  const answer = await service.read("/v1/volumes/data/tar")
  expect(answer.status).toBe(500)
  expect(answer.body.toString()).not.toContain("secret")
})

/** An archive without end that tells when it was stopped. */
function endless() {
  const stopped = Promise.withResolvers<string>()
  const source = archiveSource(async function* (_, __, { signal }) {
    try {
      for (;;) yield Buffer.alloc(65_536, "x")
    } finally {
      stopped.resolve(signal.aborted ? "aborted" : "left")
    }
  })
  return { source, stopped: stopped.promise }
}

test("a client that goes away stops what was made for it", async () => {
  const { source, stopped } = endless()
  await using service = await fileServiceLab(source)
  const response = await service.ask("/v1/volumes/data/tar")
  await once(response, "readable")
  response.destroy()
  await expect(stopped).resolves.toBe("aborted")
})

test("a client that takes nothing is cut off", async () => {
  const { source, stopped } = endless()
  await using service = await fileServiceLab(source, { stallMs: 100 })
  const response = await service.ask("/v1/volumes/data/tar")
  await stopped
  await expect(async () => {
    for await (const _ of response);
  }).rejects.toThrow(/aborted/)
})

test("no more archives at once than allowed; the others are told to come again", async () => {
  const { source } = endless()
  await using service = await fileServiceLab(source, { archives: 1 })
  const held = await service.ask("/v1/volumes/data/tar")
  const refused = await service.read("/v1/volumes/data/tar")
  expect(refused).toMatchObject({ status: 429, headers: { "retry-after": "1" } })
  held.destroy()
  await expect
    .poll(async () => {
      const next = await service.ask("/v1/volumes/data/tar")
      next.destroy()
      return next.statusCode
    })
    .toBe(200)
})

test("use is counted: clients, files, bytes", async () => {
  await using service = await lab()
  const client = service.client()
  const { body } = await client.content({ volume: "data", components: [Buffer.from("big")] }, { start: 0 })
  for await (const _ of body);
  const { clients, filesRead, bytesRead, lastActivityAt } = service.service.usage()
  expect({ clients, filesRead, bytesRead }).toEqual({ clients: 1, filesRead: 1, bytesRead: big.length })
  expect(Date.parse(lastActivityAt ?? "")).toBeGreaterThan(Date.now() - 60_000)
  client.close()
  await expect.poll(() => service.service.usage().clients).toBe(0)
})

test("a release lets downloads under way end, and refuses new ones", async () => {
  const { source, stopped } = endless()
  await using service = await fileServiceLab(source)
  const running = await service.ask(`${content}big`)
  const archive = await service.ask("/v1/volumes/data/tar")
  archive.on("error", () => undefined).resume()
  const drained = service.service.drain(700)
  await expect(service.read("/v1/volumes")).resolves.toMatchObject({ status: 503 })
  const chunks: Buffer[] = []
  for await (const chunk of running as AsyncIterable<Buffer>) chunks.push(chunk)
  expect(Buffer.concat(chunks)).toSatisfy(isBig)
  // the one without end is cut when the time is up
  await drained
  await stopped
  await expect(service.read("/healthz")).rejects.toThrow(/ECONNREFUSED/)
})

test("only TLS 1.3, and a session's own certificate", async () => {
  await using service = await lab()
  const { port } = service.service
  const old = connectTls({ port, ca: service.ca, maxVersion: "TLSv1.2", checkServerIdentity: () => undefined })
  await expect(once(old, "secureConnect")).rejects.toThrow(/protocol version/)
  const stranger = service.client({ sessionUid: "5f0c3a52-7d5e-4a5e-9f4e-000000000002" })
  await expect(stranger.volumes()).rejects.toMatchObject({ code: "LoginRefused" })
  const { ca } = makeIdentities("5f0c3a52-7d5e-4a5e-9f4e-000000000001", new Date()).restore
  await expect(service.client({ ca }).volumes()).rejects.toMatchObject({ code: "LoginRefused" })
  await expect(service.client({ password: "wrong" }).volumes()).rejects.toMatchObject({ code: "LoginRefused" })
})

test("garbage, silence and heads without end disturb nobody", async () => {
  await using service = await lab({ handshakeMs: 100 })
  const silent = connectTcp(service.service.port, "127.0.0.1").resume()
  const noisy = connectTcp(service.service.port, "127.0.0.1")
  noisy.on("error", () => undefined).write(randomBytes(4096))
  await Promise.all([once(silent, "close"), once(noisy.resume(), "close")])
  const long = await service.read(`/v1/volumes?${"a".repeat(30_000)}`).catch((error: unknown) => error)
  expect(long).toSatisfy(
    (answer: { status?: number }) => answer instanceof Error || answer.status === 431 || answer.status === 400,
  )
  expect(await service.read("/v1/volumes")).toMatchObject({ status: 200 })
})
