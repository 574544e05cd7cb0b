import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { dialLocal } from "../../src/cli/client/local-session.ts"
import { download } from "../../src/client/download.ts"
import { cutAfter } from "../support/cut-stream.ts"
import { directorySource } from "../support/directory-source.ts"
import { fileServiceLab } from "../support/file-service.ts"

let root: string
const big = randomBytes(3_000_000)
const isBig = (body: Buffer) => body.equals(big)

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "client-"))
  writeFileSync(join(root, "big"), big)
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const lab = () => fileServiceLab(directorySource(root))

test("a download goes on where its connection broke", async () => {
  await using service = await lab()
  let dialled = 0
  const dial = async () => {
    dialled++
    return cutAfter(await dialLocal(service.service.port)(), 700_000)
  }
  const client = service.client({ dial })
  const place = { volume: "data", components: [Buffer.from("big")] }
  const { signal } = new AbortController()
  const chunks: Buffer[] = []
  for await (const chunk of download(client, place, await client.content(place, { start: 0 }, signal), signal))
    chunks.push(chunk)
  expect(Buffer.concat(chunks)).toSatisfy(isBig)
  expect(dialled).toBeGreaterThan(3)
  client.close()
})

test("a file that was replaced meanwhile is not glued to the one before", async () => {
  await using service = await lab()
  const client = service.client()
  const place = { volume: "data", components: [Buffer.from("big")] }
  await expect(client.content(place, { start: 10, etag: '"other"' })).rejects.toMatchObject({ code: "ConnectionLost" })
  client.close()
})
