import { createHash, randomBytes } from "node:crypto"
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { FilesClient } from "../../src/client/files-client.ts"
import type { HashedFile } from "../../src/files/manifest-line.ts"
import type { ManifestEvent } from "../../src/files/schemas.ts"
import type { FileSource } from "../../src/files/source.ts"
import { directorySource } from "../support/directory-source.ts"
import { fileServiceLab } from "../support/file-service.ts"

/** Manifests that say how far they are, from the file service to its client. */
const big = randomBytes(1_500_000)
const sha256 = (bytes: Buffer | string) => createHash("sha256").update(bytes).digest("hex")
let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "hashes-"))
  mkdirSync(join(root, "a"))
  writeFileSync(join(root, "a/big"), big)
  writeFileSync(join(root, "a/small\n"), "small")
  linkSync(join(root, "a/small\n"), join(root, "a/zero-hard"))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const target = (path: string) => `/v1/volumes/data/sha256?path=${path}&format=ndjson`
const eventsOf = (body: Buffer) =>
  body
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as ManifestEvent)

async function collect(hashes: AsyncIterable<HashedFile>): Promise<Record<string, string>> {
  const all: [string, string][] = []
  for await (const { name, sum } of hashes) all.push([name.toString(), sum])
  return Object.fromEntries(all)
}

test("a line says at once what is read, one each hash, and one that it is all", async () => {
  await using service = await fileServiceLab(directorySource(root))
  const { headers, body } = await service.read(target("/a"))
  expect(headers["content-type"]).toBe("application/x-ndjson")
  const events = eventsOf(body)
  expect(events[0]).toMatchObject({ event: "reading", readBytes: 0 })
  expect(events.at(-1)).toEqual({ event: "end", files: 3 })
  expect(events).toContainEqual({
    event: "sum",
    name: "a/small%0A",
    display: "a/small\\x0a",
    sizeBytes: 5,
    sha256: sha256("small"),
  })
})

test("while a large file is read, lines come and say how far", async () => {
  const goOn = Promise.withResolvers<void>()
  const source: FileSource = directorySource(root)
  const slow: FileSource = {
    ...source,
    open: async (volume) => ({
      ...(await source.open(volume)),
      async *read() {
        yield big.subarray(0, 1_000_000)
        await goOn.promise
        yield big.subarray(1_000_000)
      },
    }),
  }
  await using service = await fileServiceLab(slow)
  const response = await service.ask(target("/a/big"))
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    const last = eventsOf(Buffer.concat(chunks)).at(-1)
    if (last?.event === "reading" && last.readBytes === 1_000_000) goOn.resolve()
  }
  expect(eventsOf(Buffer.concat(chunks)).slice(-3)).toEqual([
    { event: "reading", name: "a/big", display: "a/big", readBytes: 1_000_000, sizeBytes: big.length },
    { event: "sum", name: "a/big", display: "a/big", sizeBytes: big.length, sha256: sha256(big) },
    { event: "end", files: 1 },
  ])
})

test("the client gives the hashes, and tells every byte once", async () => {
  await using service = await fileServiceLab(directorySource(root))
  const files = service.client()
  const total = { files: 0, bytes: 0 }
  const progress = ({ files = 0, bytes = 0 }) => {
    total.files += files
    total.bytes += bytes
  }
  const hashes = await collect(files.sha256({ volume: "data", components: [] }, { progress }))
  files.close()
  expect(hashes).toEqual({ "a/big": sha256(big), "a/small\n": sha256("small"), "a/zero-hard": sha256("small") })
  expect(total).toEqual({ files: 3, bytes: big.length + 10 })
})

/** What the client makes of an answer that no service of this release gives. */
async function hashesIn(body: string, type = "application/x-ndjson"): Promise<Record<string, string>> {
  const server = createServer((_, response) => response.writeHead(200, { "content-type": type }).end(body))
  const socket = join(root, "socket")
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  const files = new FilesClient({ socket })
  return collect(files.sha256({ volume: "data", components: [] })).finally(() => {
    files.close()
    server.close()
  })
}

test("a service of a former release, which knows text only, is understood", async () => {
  const sum = "a".repeat(64)
  expect(await hashesIn(`${sum}  x\n`, "text/plain")).toEqual({ x: sum })
})

test("lines of a kind that is new are passed over", async () => {
  expect(await hashesIn(`{"event":"new"}\n{"event":"end","files":0}\n`)).toEqual({})
})

test("one that breaks off between two lines is not taken for all", async () => {
  const reading = { event: "reading", name: "x", display: "x", readBytes: 0, sizeBytes: 9 }
  await expect(hashesIn(`${JSON.stringify(reading)}\n`)).rejects.toMatchObject({ code: "ConnectionLost" })
})
