import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { connect, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import ssh2 from "ssh2"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { encodePacket, PacketAssembler, PacketReader, packetType } from "../../src/guest/sftp-wire.ts"
import type { FileSource } from "../../src/files/source.ts"
import { directorySource } from "../support/directory-source.ts"
import { sftpServiceLab } from "../support/sftp-service.ts"

/** Clients that want more than is theirs, or say what can't be understood. */
let root: string
const bad = Buffer.from("bad\xff\nname", "latin1")

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "sftp-hostile-"))
  writeFileSync(join(root, "file"), Buffer.alloc(3_000_000, "x"))
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), bad]), "found")
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const lab = (limits?: Parameters<typeof sftpServiceLab>[1]) => sftpServiceLab(directorySource(root), limits)
const call = <T>(use: (done: (error: Error | null | undefined, value: T) => void) => void) =>
  new Promise<T>((resolve, reject) => use((error, value) => (error ? reject(error) : resolve(value))))

/** When the service has closed the connection, however rudely. */
const closedBy = (client: ssh2.Client) => new Promise<void>((resolve) => client.once("close", () => resolve()))

/** SFTP without the library, whose names are text: sends a packet, waits for the answer's type and fields. */
async function raw(client: ssh2.Client) {
  const channel = await call<ssh2.ClientChannel>((done) => client.subsys("sftp", done))
  const assembler = new PacketAssembler("the service")
  const packets: Buffer[] = []
  channel.on(
    "data",
    (chunk: Buffer) => void packets.push(...assembler.feed(chunk).map((packet) => Buffer.from(packet))),
  )
  const ask = async (...packet: Parameters<typeof encodePacket>) => {
    channel.write(encodePacket(...packet))
    await expect.poll(() => packets.length).toBeGreaterThan(0)
    const fields = new PacketReader(packets.shift() ?? Buffer.alloc(0), "the service")
    return { type: fields.uint8(), id: fields.uint32(), fields }
  }
  return { channel, ask }
}

test("names are bytes, and larger pieces are offered to who asks", async () => {
  await using service = await lab()
  const { ask } = await raw(await service.login())
  expect((await ask(packetType.init, 3, [])).type).toBe(packetType.version)
  const limits = await ask(packetType.extended, 7, [Buffer.from("limits@openssh.com")])
  expect([limits.type, limits.id, limits.fields.uint64(), limits.fields.uint64()]).toEqual([201, 7, 262_144, 261_120])
  const path = Buffer.concat([Buffer.from("/data/"), bad])
  const opened = await ask(packetType.open, 8, [path, 1, 0])
  expect(opened.type).toBe(packetType.handle)
  const read = await ask(packetType.read, 9, [Buffer.from(opened.fields.string()), 0n, 100])
  expect([read.type, read.fields.string().toString()]).toEqual([packetType.data, "found"])
  const real = await ask(packetType.realpath, 10, [path])
  expect([real.type, real.fields.uint32(), real.fields.string()]).toEqual([packetType.name, 1, path])
})

test.each<[string, Buffer]>([
  ["a packet that is too long", Buffer.from([0x7f, 0xff, 0xff, 0xff])],
  ["an empty packet", Buffer.alloc(4)],
  ["a string beyond its packet", Buffer.concat([encodePacket(packetType.lstat, 1, [100]), Buffer.alloc(10)])],
  ["noise", randomBytes(1000)],
])("%s ends the connection and nothing else", async (_, bytes) => {
  await using service = await lab()
  const other = await service.sftp()
  const client = await service.login()
  const { channel } = await raw(client)
  const closed = closedBy(client)
  channel.write(bytes)
  channel.end()
  await closed
  expect(await call<ssh2.FileEntryWithStats[]>((done) => other.readdir("/", done))).toHaveLength(1)
})

test("handles, sessions and connections are few", async () => {
  await using service = await lab({ handles: 2, sessions: 2, connections: 3 })
  const client = await service.login()
  const sftp = await call<ssh2.SFTPWrapper>((done) => client.sftp(done))
  const open = () => call<Buffer>((done) => sftp.open("/data/file", "r", done))
  const [first] = [await open(), await open()]
  await expect(open()).rejects.toThrow(/Too many/)
  await call((done) => sftp.close(first, (error) => done(error, 0)))
  await open()
  const second = await call<ssh2.SFTPWrapper>((done) => client.sftp(done))
  await expect(call((done) => client.sftp(done))).rejects.toThrow(/open failure/)
  second.end()
  await expect
    .poll(() =>
      call((done) => client.sftp(done)).then(
        () => "open",
        () => "refused",
      ),
    )
    .toBe("open")
  await service.login()
  await service.login()
  await expect(service.login()).rejects.toThrow(/closed|reset|lost|response/i)
})

test("strangers that hold connections keep nobody out, and are cut off", async () => {
  await using service = await lab({ strangers: 2, handshakeMs: 3000 })
  const silent = Array.from({ length: 5 }, () => connect(service.service.port, "127.0.0.1").resume())
  const closed = silent.map((socket) =>
    once(
      socket.on("error", () => undefined),
      "close",
    ),
  )
  await Promise.all(silent.map((socket) => once(socket, "connect")))
  const sftp = await service.sftp()
  expect(await call<ssh2.FileEntryWithStats[]>((done) => sftp.readdir("/", done))).toHaveLength(1)
  await Promise.all(closed)
})

test("who asks for nothing is cut off, and who doesn't log in", async () => {
  await using service = await lab({ idleMs: 1000, loginMs: 1000 })
  const client = await service.login()
  await closedBy(client)
  const waits: ssh2.AuthHandlerMiddleware = () => undefined
  await expect(service.login({ authHandler: waits })).rejects.toThrow(/closed|reset|lost|response/i)
})

describe("a client that takes nothing is cut off", () => {
  /** Asks for 64 MiB of a file without end and takes none of it; `widen` is told the client first. Bytes that were given. */
  async function takeNothing(widen: (client: ssh2.Client, channel: ssh2.ClientChannel) => void): Promise<number> {
    let given = 0
    const endless: FileSource = {
      ...directorySource(root),
      open: async () => ({
        ...(await directorySource(root).open("data")),
        stat: async () => ({ mode: 0o100644, sizeBytes: 2 ** 40, uid: 0, gid: 0, mtimeNs: 0n }),
        async *read() {
          for (; ; given += 65_536) yield Buffer.alloc(65_536)
        },
      }),
    }
    await using service = await sftpServiceLab(endless, { stallMs: 500 })
    const client = await service.login()
    const { channel, ask } = await raw(client)
    const opened = await ask(packetType.open, 1, [Buffer.from("/data/file"), 1, 0])
    const handle = Buffer.from(opened.fields.string())
    const logout = () => service.records().some(({ event }) => event === "Logout")
    channel.removeAllListeners("data").pause()
    widen(client, channel)
    for (let index = 0; index < 256; index++)
      channel.write(encodePacket(packetType.read, index, [handle, BigInt(index) << 18n, 1 << 18]))
    await expect.poll(logout, { timeout: 10_000 }).toBe(true)
    const read = () => service.records().find(({ event }) => event === "Read")
    await expect.poll(read).toMatchObject({ outcome: "ConnectionLost" })
    return given
  }

  test("whose window is full", async () => {
    expect(await takeNothing(() => undefined)).toBeLessThan(4 << 20)
  })

  // what the library has no name for: how much it is to be sent, and the socket that it reads
  test("whose window is never full", async () => {
    const given = await takeNothing((client, channel) => {
      const { outgoing } = channel as unknown as { outgoing: { id: number } }
      const { _protocol, _sock } = client as unknown as Insides
      _protocol.channelWindowAdjust(outgoing.id, 0x7000_0000)
      _sock.pause()
    })
    expect(given).toBeLessThan(16 << 20) // 1 MiB, and what the system's sockets hold
  })

  test("that asks for new keys and never makes them", async () => {
    const given = await takeNothing((client, channel) => {
      const { outgoing } = channel as unknown as { outgoing: { id: number } }
      const { _protocol, _sock } = client as unknown as Insides
      _protocol.channelWindowAdjust(outgoing.id, 0x7000_0000)
      setImmediate(() => {
        _protocol.rekey()
        _sock.removeAllListeners("data").on("data", () => undefined)
      })
    })
    expect(given).toBeLessThan(16 << 20)
  })
})

interface Insides {
  readonly _protocol: { channelWindowAdjust(channel: number, bytes: number): void; rekey(): void }
  readonly _sock: Socket
}

test("one session that is given up in the middle of a file ends at once, and leaves the others of its connection alone", async () => {
  await using service = await lab()
  const client = await service.login()
  const other = await call<ssh2.SFTPWrapper>((done) => client.sftp(done))
  const { channel, ask } = await raw(client)
  const opened = await ask(packetType.open, 1, [Buffer.from("/data/file"), 1, 0])
  const handle = Buffer.from(opened.fields.string())
  channel.removeAllListeners("data").pause()
  for (let index = 0; index < 100; index++) channel.write(encodePacket(packetType.read, index, [handle, 0n, 1 << 18]))
  await expect.poll(() => service.usage.snapshot().bytesRead).toBeGreaterThan(2 << 20)
  channel.close()
  const read = () => service.records().find(({ event }) => event === "Read")
  await expect.poll(read).toMatchObject({ outcome: "ConnectionLost" })
  expect(await call<ssh2.FileEntryWithStats[]>((done) => other.readdir("/", done))).toHaveLength(1)
})

test("a release opens nothing any more, lets what is open end, and then closes", async () => {
  await using service = await lab()
  const sftp = await service.sftp()
  const handle = await call<Buffer>((done) => sftp.open("/data/file", "r", done))
  const drained = service.service.drain(60_000)
  await expect(call((done) => sftp.open("/data/file", "r", done))).rejects.toThrow(/unmounted/)
  const into = Buffer.alloc(10)
  await call<number>((done) => sftp.read(handle, into, 0, 10, 0, done))
  expect(into.toString()).toBe("xxxxxxxxxx")
  sftp.close(handle, () => undefined)
  await drained
  await expect(service.login()).rejects.toThrow(/ECONNREFUSED/)
})

test("a release doesn't wait for ever", async () => {
  await using service = await lab()
  const sftp = await service.sftp()
  await call<Buffer>((done) => sftp.open("/data/file", "r", done))
  await service.service.drain(100)
  await expect(service.login()).rejects.toThrow(/ECONNREFUSED/)
})
