import { spawn } from "node:child_process"
import { once } from "node:events"
import { statSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import tls from "node:tls"
import { afterEach, beforeEach, expect, test } from "vitest"
import { examine } from "../support/capture.ts"
import { makeAuthority } from "../support/certificates.ts"

/** The check that only TLS 1.3 crosses a port, on traffic of which that is not true. */
let folder: string
let server: net.Server
const leaf = makeAuthority().issue("filerecovery://test/target")
const lump = Buffer.alloc(3_000_000, "lump ")

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "capture-"))
})
afterEach(async () => {
  server.close()
  await rm(folder, { recursive: true })
})

/** Records loopback on the server's port while `talk` goes on. */
async function recorded(listening: net.Server, talk: (port: number) => net.Socket) {
  server = listening
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as net.AddressInfo
  const file = join(folder, "lo.pcap")
  const tcpdump = spawn("tcpdump", [
    "-i",
    "lo",
    "-Z",
    "root",
    "--immediate-mode",
    "-U",
    "-B",
    "32768",
    "-w",
    file,
    `tcp port ${port}`,
  ])
  await new Promise<void>((resolve) => {
    let words = ""
    tcpdump.stderr.on("data", (chunk: Buffer) => {
      words += chunk.toString()
      if (words.includes("listening on")) resolve()
    })
  })
  const socket = talk(port)
  let received = 0
  socket.on("data", (chunk: Buffer) => (received += chunk.length))
  await once(socket, "end")
  expect(received).toBe(lump.length)
  // tcpdump is told to end when it has written what was sent, not when it was sent
  await expect.poll(() => statSync(file).size, { timeout: 20_000 }).toBeGreaterThan(lump.length)
  const ended = once(tcpdump, "exit")
  tcpdump.kill("SIGINT")
  await ended
  return examine(file, port)
}

const secure = (options: tls.TlsOptions) => tls.createServer({ ...leaf, ...options }, (socket) => socket.end(lump))
const connect = (options: tls.ConnectionOptions) => (port: number) =>
  tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options })

test("TLS 1.3 only: nothing to say", async () => {
  const seen = await recorded(secure({}), connect({}))
  expect(seen.segments).toBeGreaterThan(20)
  expect(seen).toMatchObject({ plain: [], versions: ["0x0304"] })
})

test("TLS 1.2 shows in the versions", async () => {
  const { versions } = await recorded(secure({ maxVersion: "TLSv1.2" }), connect({ maxVersion: "TLSv1.2" }))
  expect(versions).not.toContain("0x0304")
})

test("plain text shows", async () => {
  const plain = net.createServer((socket) => socket.end(lump))
  const seen = await recorded(plain, (port) => net.connect(port, "127.0.0.1"))
  expect(seen.plain.length).toBeGreaterThan(10)
  expect(seen.versions).toEqual([])
})
