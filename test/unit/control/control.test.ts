import { once } from "node:events"
import { createServer, connect as connectTcp, type AddressInfo, type Socket } from "node:net"
import { connect as connectTls, createServer as createTlsServer } from "node:tls"
import { expect, onTestFinished, test } from "vitest"
import { controlClient } from "../../../src/control/client.ts"
import type { TargetStatus } from "../../../src/control/schemas.ts"
import { startControlServer, type ControlHandlers } from "../../../src/control/server.ts"
import type { Identity } from "../../../src/pki/identity.ts"
import { createAuthority, loadAuthority, type Authority } from "../../../src/pki/authority.ts"
import { issueLeaf } from "../../../src/pki/leaf.ts"
import { sessionUri, type Role } from "../../../src/pki/peer.ts"

const now = new Date()
const inHours = (hours: number) => new Date(now.getTime() + hours * 3_600_000)
const newAuthority = () => loadAuthority(createAuthority({ name: "test", notBefore: now, notAfter: inHours(24) }))
const authority = newAuthority()
const foreign = newAuthority()
const uid = "6f1e"

function identity(role: Role, { by = authority, of = uid }: { by?: Authority; of?: string } = {}): Identity {
  const options = { uri: sessionUri(of, role), dnsNames: [], usages: ["client", "server"] as const }
  const leaf = issueLeaf(by, { ...options, notBefore: now, notAfter: inHours(1) })
  return { key: leaf.keyPem, cert: leaf.certPem, ca: authority.trustPem }
}

const status: TargetStatus = {
  role: "target",
  sessionUid: uid,
  state: "Serving",
  now: now.toISOString(),
  deadline: inHours(1).toISOString(),
  disks: [{ name: "data", serial: "abc-0", sizeBytes: 512 }],
  counters: { initiators: 1, bytesServed: 7, refused: { tls: 2 }, writeAttempts: 0, lastActivityAt: null },
}

async function serve(handlers: Partial<ControlHandlers> = {}, stepMs = 5000) {
  const refused: string[] = []
  const asked: unknown[] = []
  const server = await startControlServer({
    host: "127.0.0.1",
    port: 0,
    identity: identity("target"),
    sessionUid: uid,
    stepMs,
    handlers: {
      status: () => status,
      setDeadline: (deadline, now) => void asked.push([deadline, now]),
      release: (reason, hash) => void asked.push(hash ? [reason, hash] : reason),
      setPublicKeys: (lines) => void asked.push(lines),
      serve: () => void asked.push("serve"),
      ...handlers,
    },
    log: { warn: ({ cause }: { cause: string }) => refused.push(cause), error: () => undefined },
  })
  onTestFinished(() => server.close())
  return { port: server.port, refused, asked }
}

const client = (port: number, as = identity("operator"), timeoutMs = 3000) =>
  controlClient({
    host: "127.0.0.1",
    port,
    identity: as,
    sessionUid: uid,
    role: "target",
    timeoutMs,
    now: () => inHours(1),
  })

test("a release for a reason of a later version is a release; what else such an operator says is left out", async () => {
  const { port, asked } = await serve()
  const body = '{"reason":"NotKnownYet","more":1}'
  const socket = await openTls(port)
  socket.write(
    `POST /v1/release HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  expect(await untilClosed(socket)).toMatch(/^HTTP\/1.1 202 /)
  expect(asked).toEqual(["Internal"])
})

test("status, deadline and release go through", async () => {
  const { port, asked } = await serve()
  const operator = client(port)
  expect(await operator.status()).toEqual(status)
  await operator.setDeadline("2026-11-22T10:00:00Z")
  await operator.release("UnmountRequested")
  expect(asked).toEqual([[new Date("2026-11-22T10:00:00Z"), inHours(1)], "UnmountRequested"])
})

test("a pod learns which status the operator has, and that of a request that was refused is none", async () => {
  const told: unknown[] = []
  const { port } = await serve({ told: (status) => void told.push(status) })
  const other = client(port, identity("operator", { of: "another" }))
  await expect(other.status()).rejects.toMatchObject({ code: "LoginRefused" })
  expect(told).toEqual([])
  await client(port).status()
  await expect.poll(() => told).toEqual([status])
})

test("public keys go through, as many and as long as there may be; more are refused, and never quoted", async () => {
  const { port, asked, refused } = await serve()
  const longest = "\u{1f600}".repeat(4096)
  const keys = Array.from({ length: 16 }, () => longest)
  await client(port).setPublicKeys(keys)
  expect(asked).toEqual([keys])
  await expect(client(port).setPublicKeys([...keys, "one more"])).rejects.toMatchObject({ code: "ProtocolError" })
  expect(refused).toEqual(["a bad request"])
})

test("a target is told to serve what it has hashed, and to hash it again", async () => {
  const { port, asked } = await serve()
  await client(port).serve()
  await client(port).release("Idle", { hash: true })
  expect(asked).toEqual(["serve", ["Idle", true]])
})

test("a pod of an earlier release, which knows no hashes, is told nothing of them", async () => {
  const received: Buffer[] = []
  const pod = createTlsServer({ ...identity("target"), requestCert: true }, (socket) => {
    socket
      .on("error", () => undefined)
      .on("data", (data: Buffer) => {
        received.push(data)
        if (data.toString().endsWith("}")) socket.end("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
      })
  }).listen(0, "127.0.0.1")
  onTestFinished(() => void pod.close())
  await once(pod, "listening")
  await client((pod.address() as AddressInfo).port).release("Idle")
  expect(Buffer.concat(received).toString()).toMatch(/\r\n\r\n\{"reason":"Idle"\}$/)
})

test("hashes and how far they are go through; what is no hash does not", async () => {
  const disk = { name: "data", serial: "abc-0", sizeBytes: 512 }
  const hashed: TargetStatus = {
    ...status,
    state: "Hashing",
    disks: [{ ...disk, sha256Before: "a".repeat(64) }],
    hashing: { bytesDone: 256, bytesTotal: 512 },
  }
  const { port } = await serve({ status: () => hashed })
  expect(await client(port).status()).toEqual(hashed)
  const { port: liar } = await serve({ status: () => ({ ...status, disks: [{ ...disk, sha256After: "0x" }] }) })
  await expect(client(liar).status()).rejects.toMatchObject({ code: "ProtocolError" })
})

test.each([
  ["a restore pod of this session", identity("restore"), "LoginRefused", "another identity"],
  ["the operator of another session", identity("operator", { of: "6f1f" }), "LoginRefused", "another identity"],
  ["a foreign authority", identity("operator", { by: foreign }), "ConnectionLost", "no valid certificate"],
])("%s is refused, counted, and changes nothing", async (_, as, code, cause) => {
  const { port, refused, asked } = await serve()
  await expect(client(port, as).release("UnmountRequested")).rejects.toMatchObject({ code })
  expect(refused).toEqual([cause])
  expect(asked).toEqual([])
  expect(await client(port).status()).toEqual(status)
})

test.each([
  ["of another session", identity("target", { of: "6f1f" })],
  ["of another role", identity("restore")],
  ["of a foreign authority", identity("target", { by: foreign })],
])("a pod %s gets no request", async (_, as) => {
  const received: Buffer[] = []
  const pod = createTlsServer({ ...as, requestCert: true }, (socket) => {
    socket.on("data", (data) => received.push(data)).on("error", () => undefined)
  }).listen(0, "127.0.0.1")
  onTestFinished(() => void pod.close())
  await once(pod, "listening")
  const { port } = pod.address() as AddressInfo
  await expect(client(port).release("UnmountRequested")).rejects.toMatchObject({ code: "LoginRefused" })
  expect(Buffer.concat(received).length).toBe(0)
})

test.each([
  ["PUT", "/v1/deadline", `{"deadline":"tomorrow"}`, 400],
  ["PUT", "/v1/deadline", `{"deadline":"2026-11-22T10:00:00Z"}`, 400],
  ["POST", "/v1/release", `{"reason":"because I say so"}`, 400],
  ["POST", "/v1/release", `{"reason`, 400],
  ["POST", "/v1/release", `{"reason":"${"x".repeat(5000)}"}`, 400],
  ["GET", "/v1/secrets", "", 404],
  ["DELETE", "/v1/status", "", 404],
])("%s %s with %j is answered with %s", async (method, path, body, expected) => {
  const { port, asked } = await serve()
  const socket = await openTls(port)
  socket.write(`${method} ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  expect(await untilClosed(socket)).toMatch(
    new RegExp(`^HTTP/1.1 ${expected} .*"code":"(ProtocolError|PathNotFound)"`, "s"),
  )
  expect(asked).toEqual([])
})

test("a handler that fails shows no detail", async () => {
  const { port } = await serve({
    status: () => {
      throw new Error("secret detail")
    },
  })
  const socket = await openTls(port)
  socket.write("GET /v1/status HTTP/1.1\r\nhost: x\r\n\r\n")
  const text = await untilClosed(socket)
  expect(text).toMatch(/^HTTP\/1.1 500 /)
  expect(text).not.toContain("secret detail")
})

test("TLS 1.2 is refused", async () => {
  const { port } = await serve()
  const socket = connectTls({ ...identity("operator"), host: "127.0.0.1", port, maxVersion: "TLSv1.2" })
  const [error] = (await once(socket, "error")) as [Error]
  expect(error.message).toMatch(/protocol version/i)
})

test("garbage and endless headers disturb nobody", async () => {
  const { port } = await serve()
  const garbage = connectTcp(port, "127.0.0.1").on("error", () => undefined)
  garbage.write(Buffer.alloc(70_000, "\x16\x03\x01\xff"))
  const headers = await openTls(port)
  headers.write(`GET /v1/status HTTP/1.1\r\nx: ${"y".repeat(100_000)}`)
  await Promise.all([untilClosed(garbage), untilClosed(headers)])
  expect(await client(port).status()).toEqual(status)
})

test("peers that fall silent are dropped at each step", async () => {
  const { port } = await serve({}, 200)
  const silent = connectTcp(port, "127.0.0.1").on("error", () => undefined)
  const unasked = await openTls(port)
  const halfHeader = await openTls(port)
  halfHeader.write("GET /v1/sta")
  const halfBody = await openTls(port)
  halfBody.write("POST /v1/release HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
  await Promise.all([silent, unasked, halfHeader, halfBody].map(untilClosed))
  expect(await client(port).status()).toEqual(status)
})

test.each([
  ["nobody listens", undefined, "ConnectionLost"],
  ["the peer never answers", () => undefined, "ConnectionLost"],
  ["the peer hangs up", (socket: Socket) => socket.destroy(), "ConnectionLost"],
])("the client says so when %s", async (_, behave, code) => {
  const pod = createServer(behave).listen(0, "127.0.0.1")
  await once(pod, "listening")
  const { port } = pod.address() as AddressInfo
  if (behave === undefined) pod.close()
  onTestFinished(() => void pod.close())
  await expect(client(port, identity("operator"), 300).status()).rejects.toMatchObject({ code })
})

test.each([
  ["no HTTP", "hello\r\n\r\n", "ConnectionLost"],
  ["no JSON", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{{", "ProtocolError"],
  ["another shape", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", "ProtocolError"],
  ["an error", "HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", "ProtocolError"],
  ["an unfinished answer", "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", "ConnectionLost"],
  ["5 MiB", `HTTP/1.1 200 OK\r\ncontent-length: 5242880\r\n\r\n${"1".repeat(5_242_880)}`, "ProtocolError"],
  [
    "the status of another session",
    `HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${JSON.stringify({ ...status, sessionUid: "6f1f" })}`,
    "ProtocolError",
  ],
])("a pod that answers %s is not believed", async (_, text, code) => {
  const pod = createTlsServer({ ...identity("target"), requestCert: true }, (socket) => {
    socket
      .on("error", () => undefined)
      .once("data", () => {
        if (text.endsWith("99\r\n\r\n{")) socket.write(text)
        else socket.end(text)
      })
  }).listen(0, "127.0.0.1")
  onTestFinished(() => void pod.close())
  await once(pod, "listening")
  const { port } = pod.address() as AddressInfo
  await expect(client(port, identity("operator"), 500).status()).rejects.toMatchObject({ code })
})

async function openTls(port: number) {
  const socket = connectTls({ ...identity("operator"), host: "127.0.0.1", port, checkServerIdentity: () => undefined })
  socket.on("error", () => undefined)
  await once(socket, "secureConnect")
  return socket
}

async function untilClosed(socket: Socket): Promise<string> {
  let text = ""
  socket.on("data", (data) => (text += data.toString("latin1")))
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve))
  return text
}
