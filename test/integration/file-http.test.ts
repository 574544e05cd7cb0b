import { randomBytes } from "node:crypto"
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { openApi } from "../../src/files/openapi.ts"
import { directorySource } from "../support/directory-source.ts"
import { fileServiceLab } from "../support/file-service.ts"

/** HTTP as RFC 9110 has it: heads, conditions, ranges, media types. */
let root: string
const big = randomBytes(3_000_000)
const isBig = (body: Buffer) => body.equals(big)

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "http-"))
  mkdirSync(join(root, "folder"))
  writeFileSync(join(root, "big"), big)
  writeFileSync(join(root, "empty"), "")
  writeFileSync(join(root, "page.html"), "<script>alert(1)</script>")
  utimesSync(join(root, "big"), 1_700_000_000, 1_700_000_000)
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const lab = () => fileServiceLab(directorySource(root))
const content = "/v1/volumes/data/content?path=/"

test("ranges, entity tags and HEAD", async () => {
  await using service = await lab()
  const whole = await service.read(`${content}big`)
  const { etag = "" } = whole.headers
  expect(whole.body).toSatisfy(isBig)
  expect(whole.headers["last-modified"]).toBe(new Date(1_700_000_000_000).toUTCString())
  const ask = (headers: Record<string, string>, method = "GET") => service.read(`${content}big`, { headers, method })
  expect(await ask({ range: "bytes=10-19" })).toMatchObject({
    status: 206,
    body: big.subarray(10, 20),
    headers: { "content-range": `bytes 10-19/${big.length}` },
  })
  expect(await ask({ range: "bytes=-5" })).toMatchObject({ status: 206, body: big.subarray(-5) })
  expect(await ask({ range: "bytes=10-", "if-range": etag })).toMatchObject({ status: 206 })
  expect(await ask({ range: "bytes=10-", "if-range": '"other"' })).toMatchObject({
    status: 200,
    body: expect.toSatisfy(isBig),
  })
  expect(await ask({ range: `bytes=${big.length}-` })).toMatchObject({
    status: 416,
    headers: { "content-range": `bytes */${big.length}` },
  })
  expect(await ask({ "if-none-match": etag })).toMatchObject({ status: 304 })
  expect(await ask({}, "HEAD")).toMatchObject({ status: 200, headers: { "content-length": String(big.length) } })
  expect(await service.read(`${content}empty`)).toMatchObject({ status: 200, body: Buffer.alloc(0) })
})

test("HEAD says of every resource what GET would, without a body", async () => {
  await using service = await lab()
  for (const path of [
    "/v1/volumes",
    "/v1/volumes/data/list?path=/folder",
    "/v1/volumes/data/stat",
    "/v1/volumes/data/tar",
  ]) {
    const head = await service.read(path, { method: "HEAD" })
    const get = await service.ask(path)
    get.destroy()
    expect(head).toMatchObject({ status: 200, body: Buffer.alloc(0) })
    expect(head.headers["content-type"]).toBe(get.headers["content-type"])
    expect(head.headers["content-length"]).toBe(get.headers["content-length"])
  }
})

test("the service describes itself", async () => {
  await using service = await lab()
  const { headers, body } = await service.read("/v1/openapi.json")
  expect(headers["content-type"]).toBe("application/json")
  expect(JSON.parse(body.toString())).toEqual(JSON.parse(JSON.stringify(openApi())))
})

test("an entity tag is the same after a restart, and another in another session", async () => {
  const tagOf = async (session?: string) => {
    await using service = await fileServiceLab(directorySource(root), {}, session)
    return (await service.read(`${content}big`)).headers.etag
  }
  const tag = await tagOf()
  expect(await tagOf()).toBe(tag)
  expect(await tagOf("5f0c3a52-7d5e-4a5e-9f4e-000000000009")).not.toBe(tag)
})

test("conditions and dates", async () => {
  await using service = await lab()
  const ask = (headers: Record<string, string>) => service.read(`${content}big`, { headers })
  expect(await ask({ "if-match": '"other"' })).toMatchObject({ status: 412 })
  expect(await ask({ "if-modified-since": new Date(1_700_000_000_000).toUTCString() })).toMatchObject({ status: 304 })
  // several ranges may be answered with the whole (RFC 9110, 14.2)
  expect(await ask({ range: "bytes=0-1,4-5" })).toMatchObject({ status: 200, body: expect.toSatisfy(isBig) })
})

test("a browser shows only what can do no harm, and only when asked to", async () => {
  await using service = await lab()
  const ask = async (name: string, more = "") => (await service.read(`${content}${name}${more}`)).headers
  expect(await ask("page.html")).toMatchObject({
    "content-type": "text/plain; charset=utf-8",
    "content-disposition": expect.stringMatching(/^attachment; filename="page.html"/),
  })
  expect(await ask("page.html", "&inline=true")).toMatchObject({
    "content-disposition": expect.stringMatching(/^inline/),
    "content-security-policy": expect.stringContaining("sandbox"),
    "x-content-type-options": "nosniff",
  })
  expect(await ask("big", "&inline=true")).toMatchObject({
    "content-disposition": expect.stringMatching(/^attachment/),
  })
})

test("a listing can be filtered and sorted", async () => {
  await using service = await lab()
  const list = async (query: string) => {
    const { body } = await service.read(`/v1/volumes/data/list?path=/&${query}`)
    return (JSON.parse(body.toString()) as { entries: { name: string }[] }).entries.map(({ name }) => name)
  }
  expect(await list("sort=name")).toEqual(["big", "empty", "folder", "page.html"])
  expect(await list("sort=size&type=file&order=desc")).toEqual(["big", "page.html", "empty"])
  expect(await list("name=B*&ignoreCase=true")).toEqual(["big"])
  expect(await list("name=B*")).toEqual([])
})
