import { describe, expect, test } from "vitest"
import { BufferPool } from "../../../src/block/buffer-pool.ts"
import { ByteBudget } from "../../../src/block/byte-budget.ts"
import type { BlockDevice } from "../../../src/block/device.ts"
import { ByteReader } from "../../../src/nbd/byte-reader.ts"
import { magic } from "../../../src/nbd/protocol.ts"
import { Transmission } from "../../../src/nbd/transmission.ts"

const content = Buffer.from(Array.from({ length: 4096 }, (_, index) => index & 0xff))
const memory: BlockDevice = {
  sizeBytes: content.length,
  blockSize: 512,
  read: async (into, offset) => void content.copy(into, 0, offset, offset + into.length),
  close: () => Promise.resolve(),
}
const broken: BlockDevice = { ...memory, read: () => Promise.reject(new Error("medium")) }

const memoryOf = (bytes: number) => ({ pool: new BufferPool(), budget: new ByteBudget(bytes) })

function request(type: number, cookie: bigint, offset: bigint, length: number): Buffer {
  const bytes = Buffer.alloc(28)
  bytes.writeUInt32BE(magic.request, 0)
  bytes.writeUInt16BE(type, 6)
  bytes.writeBigUInt64BE(cookie, 8)
  bytes.writeBigUInt64BE(offset, 16)
  bytes.writeUInt32BE(length, 24)
  return bytes
}

/** Sends requests to a device; resolves with "cookie:error:bytes of data" of each reply. */
async function ask(device: BlockDevice, ...requests: Buffer[]) {
  const replies: string[] = []
  const data: Buffer[] = []
  const send = (bytes: Buffer, done?: () => void) => {
    replies.push(`${bytes.readBigUInt64BE(8)}:${bytes.readUInt32BE(4)}:${bytes.length - 16}`)
    data.push(Buffer.from(bytes.subarray(16)))
    done?.()
  }
  const transmission = new Transmission({ device, ...memoryOf(1 << 20), send, failed: () => {} })
  const input = new ByteReader()
  input.push(Buffer.concat(requests))
  const goesOn = transmission.take(input)
  await new Promise((resolve) => setImmediate(resolve))
  return { replies, data, goesOn }
}

describe("requests", () => {
  test.each<[string, Buffer[], string[]]>([
    ["a read", [request(0, 1n, 512n, 1024)], ["1:0:1024"]],
    ["an unaligned read", [request(0, 1n, 3n, 5)], ["1:0:5"]],
    ["two reads", [request(0, 1n, 0n, 1), request(0, 2n, 1n, 2)], ["1:0:1", "2:0:2"]],
    ["a read past the end", [request(0, 1n, 4000n, 97)], ["1:22:0"]],
    ["a read far past the end", [request(0, 1n, 2n ** 64n - 1n, 1)], ["1:22:0"]],
    ["a read of nothing", [request(0, 1n, 0n, 0)], ["1:22:0"]],
    ["a read of 4 GiB", [request(0, 1n, 0n, 0xffffffff)], ["1:22:0"]],
    [
      "a write, then a read behind its data",
      [request(1, 1n, 0n, 3), Buffer.alloc(3), request(0, 2n, 0n, 4)],
      ["1:1:0", "2:0:4"],
    ],
    ["trim", [request(4, 1n, 0n, 512)], ["1:1:0"]],
    ["write zeroes", [request(6, 1n, 0n, 512)], ["1:1:0"]],
    ["an unknown command", [request(99, 1n, 0n, 512)], ["1:22:0"]],
  ])("%s", async (_, requests, expected) => expect((await ask(memory, ...requests)).replies).toEqual(expected))

  test("a read gives the right bytes", async () => {
    const { data } = await ask(memory, request(0, 1n, 100n, 300))
    expect(data[0]).toEqual(content.subarray(100, 400))
  })
  test("a disk that can't be read is EIO", async () => {
    expect((await ask(broken, request(0, 7n, 0n, 512))).replies).toEqual(["7:5:0"])
  })
  test("disconnect ends it", async () => expect((await ask(memory, request(2, 1n, 0n, 0))).goesOn).toBe(false))
  test("garbage ends it", async () => {
    await expect(ask(memory, Buffer.alloc(28, 1))).rejects.toThrow(/breaks the protocol/)
  })
})

test("no more than 64 requests are taken at once", () => {
  const never: BlockDevice = { ...memory, read: () => new Promise(() => {}) }
  const transmission = new Transmission({ device: never, ...memoryOf(1 << 20), send: () => {}, failed: () => {} })
  const input = new ByteReader()
  for (let cookie = 0n; cookie < 100n; cookie++) input.push(request(0, cookie, 0n, 512))
  transmission.take(input)
  expect([transmission.isBusy, input.available]).toEqual([true, 36 * 28])
})

test("all connections together hold as many replies as the server has memory for", async () => {
  const shared = memoryOf(2 * 4112)
  const held: (() => void)[] = []
  const send = (_: Buffer, done?: () => void) => void held.push(() => done?.())
  for (let connection = 0; connection < 5; connection++) {
    const input = new ByteReader()
    input.push(request(0, 1n, 0n, 4096))
    new Transmission({ device: memory, ...shared, send, failed: () => {} }).take(input)
  }
  await new Promise((resolve) => setImmediate(resolve))
  expect(held).toHaveLength(2)
  held.shift()?.()
  await new Promise((resolve) => setImmediate(resolve))
  expect(held).toHaveLength(2)
})
