import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer, type Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { awaitSocket } from "../../src/guest/socket.ts"
import { isWritten } from "../../src/nbd/allocation.ts"
import { run } from "../support/run.ts"

/** What was written in the top layer of an image, asked of QEMU's own NBD server, and of servers that lie. */
const KiB = 1024
const GiB = KiB ** 3
let dir: string
let nbd: ChildProcess

/** An overlay of 12 GiB, in which 64 KiB were written at 1 MiB, and 1 byte, which takes 64 KiB, at 9 GiB. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "frk-allocation-"))
  const [base, overlay] = [join(dir, "base"), join(dir, "overlay")]
  await run("qemu-img", ["create", "-q", "-f", "raw", base, "12G"])
  await run("qemu-img", ["create", "-q", "-f", "qcow2", "-F", "raw", "-b", base, overlay])
  await run("qemu-io", ["-c", "write 1M 64k", "-c", "write 9G 1", overlay])
  const socket = join(dir, "nbd")
  nbd = spawn("qemu-nbd", ["-t", "-r", "-A", "-f", "qcow2", "-x", "overlay0", "-k", socket, overlay], {
    stdio: "inherit",
  })
})
afterAll(async () => {
  const ended = once(nbd, "close")
  nbd.kill("SIGKILL")
  await ended
  await rm(dir, { recursive: true })
})

const connect = (name = "nbd") => awaitSocket(join(dir, name), AbortSignal.timeout(30_000))
const range = (offset: number, length: number) => ({ offset, length })

test.each<[string, { offset: number; length: number }[], boolean]>([
  ["nothing", [], false],
  ["what lies before", [range(0, 1024 * KiB)], false],
  ["a byte of it", [range(1024 * KiB, 1)], true],
  ["its last byte", [range(1088 * KiB - 1, 1)], true],
  ["what lies behind", [range(1088 * KiB, 100 * KiB)], false],
  ["what lies before and behind", [range(1000 * KiB, 24 * KiB), range(1088 * KiB, 24 * KiB)], false],
  ["more than is asked for at once, with it in the middle", [range(2 * GiB, 9 * GiB)], true],
  ["the block around a byte that was written", [range(9 * GiB + 60 * KiB, 512)], true],
  ["far from each other, one of them written", [range(0, 512), range(4 * GiB, 512), range(9 * GiB, 512)], true],
  [
    "far from each other, none",
    [range(0, 512), range(4 * GiB, 512), range(9 * GiB - 512, 512), range(12 * GiB - 512, 512)],
    false,
  ],
])("%s", async (_, ranges, written) => expect(await isWritten(await connect(), "overlay0", ranges)).toBe(written))

test("an export that there isn't", async () => {
  await expect(isWritten(await connect(), "other", [])).rejects.toMatchObject({ code: "GuestFailed" })
})

test("bytes beyond the end can't be told of", async () => {
  await expect(isWritten(await connect(), "overlay0", [range(12 * GiB, 512)])).rejects.toThrow("breaks the protocol")
})

describe("a server that", () => {
  const hello = Buffer.from("NBDMAGICIHAVEOPT\0\x03", "latin1")
  const ack = (option: number, type = 1, data = "") => {
    const bytes = Buffer.alloc(20 + data.length)
    bytes.writeBigUInt64BE(0x3e889045565a9n)
    bytes.writeUInt32BE(option, 8)
    bytes.writeUInt32BE(type, 12)
    bytes.writeUInt32BE(data.length, 16)
    bytes.write(data, 20, "latin1")
    return bytes
  }
  const ready = [hello, ack(8), ack(10, 4, "\0\0\0\x07"), ack(10), ack(7)]
  const told = (payload: number[], { flags = 1, type = 5, length = payload.length * 4 } = {}) => {
    const bytes = Buffer.alloc(20 + payload.length * 4)
    bytes.writeUInt32BE(0x668e33ef)
    bytes.writeUInt16BE(flags, 4)
    bytes.writeUInt16BE(type, 6)
    bytes.writeUInt32BE(length, 16)
    for (const [index, word] of payload.entries()) bytes.writeUInt32BE(word, 20 + index * 4)
    return bytes
  }
  let server: Server
  const broken: unknown = expect.stringContaining("breaks the protocol")
  test.each<[string, Buffer[], unknown]>([
    ["tells the truth", [...ready, told([7, 512, 2])], false],
    ["tells it in pieces", [...ready, told([7, 256, 2]), told([7, 128, 2, 128, 3])], false],
    ["knows of no layer", [...ready, told([7, 512, 0])], true],
    ["is none", [Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")], broken],
    ["ends", ready, expect.stringContaining("has ended")],
    ["has no such context", [hello, ack(8), ack(10), ack(7)], broken],
    ["refuses it", [hello, ack(8, 0x80000001)], expect.stringContaining("does not tell")],
    ["answers to another option", [hello, ack(7)], broken],
    [
      "never comes to the end of an option",
      [hello, ...Array.from({ length: 20 }, () => ack(8, 4, "\0\0\0\x07"))],
      broken,
    ],
    ["tells of another context", [...ready, told([8, 512, 2])], broken],
    ["tells of nothing", [...ready, told([7, 0, 2])], broken],
    ["tells of half a block", [...ready, told([7, 512])], broken],
    ["announces more than any answer has", [...ready, told([7], { length: 0xfffffff4 })], broken],
    ["answers with an error", [...ready, told([5, 0], { type: 0x8001 })], broken],
    ["answers with data", [...ready, told([7, 512, 2], { type: 1 })], broken],
  ])("%s", async (_, words, outcome) => {
    server = createServer((socket) =>
      socket
        .end(Buffer.concat(words))
        .on("error", () => undefined)
        .resume(),
    )
    server.listen(join(dir, "liar"))
    await once(server, "listening")
    try {
      const asked = isWritten(await connect("liar"), "overlay0", [range(0, 512)])
      const answer = await asked.catch((error: unknown) => (error as Error).message)
      expect(answer).toEqual(outcome)
    } finally {
      server.close()
      await once(server, "close")
    }
  })
})
