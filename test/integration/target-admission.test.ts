import { connect as connectTcp, type Socket } from "node:net"
import { connect as connectTls, type TLSSocket } from "node:tls"
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest"
import { encodePdu, newHeader } from "../../src/iscsi/header.ts"
import { immediate, opcode } from "../../src/iscsi/opcode.ts"
import { formatText } from "../../src/iscsi/text.ts"
import type { TargetOptions } from "../../src/target/options.ts"
import type { Target } from "../../src/target/target.ts"
import { makeAuthority } from "../support/certificates.ts"
import {
  chap,
  connectLabInitiator,
  initiatorName,
  lab,
  randomDisk,
  startLabTarget,
  targetName,
} from "../support/iscsi-lab.ts"
import { waitFor } from "../support/wait.ts"

const disk = randomDisk("disk-1", 1 << 20)
let target: Target

async function start(options: Partial<TargetOptions> = {}): Promise<void> {
  await target.close()
  target = await startLabTarget([disk], options)
}

beforeEach(async () => {
  target = await startLabTarget([disk])
})
afterEach(() => target.close())

const loginRequest = encodePdu(
  newHeader(opcode.loginRequest | immediate, 0, 1),
  formatText([
    ["InitiatorName", initiatorName],
    ["TargetName", targetName],
    ["AuthMethod", "CHAP"],
  ]),
)

function secure(options: object = {}): TLSSocket {
  const socket = connectTls({
    host: "127.0.0.1",
    port: target.port,
    ...lab.restore,
    checkServerIdentity: () => undefined,
    ...options,
  })
  onTestFinished(() => void socket.destroy())
  return socket.on("error", () => {})
}

function plain(): Socket {
  const socket = connectTcp(target.port, "127.0.0.1")
  onTestFinished(() => void socket.destroy())
  return socket.on("error", () => {})
}

/** All that comes until the far end hangs up. */
function untilClosed(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on("data", (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve) => socket.once("close", () => resolve(Buffer.concat(chunks))))
}

const refused = (kind: "tls" | "certificate" | "chap" | "protocol" | "limit") =>
  waitFor(`a connection refused for ${kind}`, async () => target.counters().refused[kind] > 0, {
    seconds: 10,
    everyMs: 10,
  })

/** What the target counted, as long as nobody got in. */
function refusals(): object {
  const { refused, sessions, bytesServed } = target.counters()
  const nobody = sessions.total === 0 && bytesServed === 0
  return nobody
    ? Object.fromEntries(Object.entries(refused).filter(([, count]) => count > 0))
    : { sessions, bytesServed }
}

describe("CHAP", () => {
  test.each([
    ["the initiator's secret", { initiatorSecret: "not the right secret" }, { chap: 1 }],
    ["the initiator's user", { initiatorUser: "somebody" }, { chap: 1 }],
    ["the target's secret", { targetSecret: "not the right secret" }, {}],
    ["the target's user", { targetUser: "somebody" }, {}],
  ])("with %s wrong at the initiator is refused", async (_, change, counted) => {
    const attempt = connectLabInitiator(target.port, { chap: { ...chap, ...change } })
    await expect(attempt).rejects.toMatchObject({ code: "LoginRefused" })
    expect(refusals()).toEqual(counted)
  })

  test("neither end starts with secrets RFC 7143 forbids", async () => {
    const one = { ...chap, targetSecret: chap.initiatorSecret }
    await expect(startLabTarget([disk], { chap: one })).rejects.toMatchObject({ code: "UsageError" })
    await expect(connectLabInitiator(target.port, { chap: one })).rejects.toMatchObject({ code: "UsageError" })
  })
})

describe("certificates", () => {
  const foreign = makeAuthority("foreign").issue("filerecovery://lab/restore")

  test("of a foreign authority are refused: counted, and no login byte is sent", async () => {
    const socket = secure(foreign)
    const answer = untilClosed(socket)
    socket.write(loginRequest)
    expect(await answer).toHaveLength(0)
    await refused("certificate")
    expect(refusals()).toEqual({ certificate: 1 })
  })

  test("of a foreign authority end our initiator's attempt at once", async () => {
    const attempt = connectLabInitiator(target.port, { tls: { ...foreign, ca: lab.authority.cert } })
    await expect(attempt).rejects.toMatchObject({ code: "LoginRefused" })
  })

  test("that are missing are refused", async () => {
    await untilClosed(secure({ key: undefined, cert: undefined }))
    await refused("certificate")
    expect(refusals()).toEqual({ certificate: 1 })
  })

  test("of the right authority under another name get no login byte either", async () => {
    const socket = secure(lab.access)
    const answer = untilClosed(socket)
    socket.write(loginRequest)
    expect(await answer).toHaveLength(0)
    await refused("certificate")
    expect(refusals()).toEqual({ certificate: 1 })
  })

  test("under another name end our initiator's attempt after a few tries", async () => {
    const attempt = connectLabInitiator(target.port, {
      tls: lab.access,
      limits: { backOff: { firstMs: 1, mostMs: 1 } },
    })
    await expect(attempt).rejects.toMatchObject({ code: "LoginRefused" })
    expect(target.counters().refused.certificate).toBe(5)
  })

  test("of a target of another authority, or under another name, are shown no CHAP", async () => {
    const other = makeAuthority("other")
    const strange = connectLabInitiator(target.port, { tls: { ...lab.restore, ca: other.cert } })
    await expect(strange).rejects.toMatchObject({ code: "LoginRefused" })
    const misnamed = connectLabInitiator(target.port, { authorizePeer: () => false })
    await expect(misnamed).rejects.toMatchObject({ code: "LoginRefused" })
    expect(target.counters().refused.chap).toBe(0)
  })
})

describe("TLS", () => {
  test("1.2 is refused", async () => {
    const socket = secure({ minVersion: "TLSv1.2", maxVersion: "TLSv1.2" })
    const failure = new Promise<NodeJS.ErrnoException>((resolve) => socket.once("error", resolve))
    expect((await failure).code).toBe("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION")
    await refused("tls")
    expect(refusals()).toEqual({ tls: 1 })
  })

  test("sessions can't be resumed", async () => {
    const first = secure()
    const session = new Promise<Buffer | undefined>((resolve) => {
      first.once("session", resolve)
      first.once("close", () => resolve(undefined))
    })
    await new Promise((resolve) => first.once("secureConnect", resolve))
    first.write(loginRequest)
    first.end()
    first.resume()
    const ticket = await session
    const second = secure({ session: ticket })
    await new Promise((resolve) => second.once("secureConnect", resolve))
    expect(second.isSessionReused()).toBe(false)
  })
})

describe("garbage", () => {
  test("instead of TLS is refused", async () => {
    const socket = plain()
    socket.write("GET / HTTP/1.1\r\n\r\n")
    await untilClosed(socket)
    await refused("tls")
    expect(refusals()).toEqual({ tls: 1 })
  })

  test.each([
    ["that is no login", Buffer.alloc(48)],
    ["that announces a huge PDU", Buffer.alloc(48, 0xff)],
    ["of text that is no pairs", encodePdu(newHeader(opcode.loginRequest, 0, 1), Buffer.from("garbage"))],
  ])("inside TLS %s is refused", async (_, bytes) => {
    const socket = secure()
    socket.write(bytes)
    await untilClosed(socket)
    await refused("protocol")
    expect(refusals()).toEqual({ protocol: 1 })
  })
})

describe("limits before login", () => {
  test("a connection that says nothing is ended", async () => {
    await start({ limits: { loginMs: 100 } })
    await untilClosed(plain())
    await untilClosed(secure())
    expect(refusals()).toEqual({ limit: 2 })
  })

  test("login text without end is ended", async () => {
    await start({ limits: { loginBytes: 10_000 } })
    const socket = secure()
    const more = encodePdu(newHeader(opcode.loginRequest, 0x40, 1), Buffer.alloc(4096, "A"))
    for (let count = 0; count < 4; count++) socket.write(more)
    await untilClosed(socket)
    expect(refusals()).toEqual({ limit: 1 })
  })

  test("login requests without end are ended", async () => {
    await start({ limits: { loginPdus: 5 } })
    const socket = secure()
    const more = encodePdu(newHeader(opcode.loginRequest, 0x40, 1), Buffer.from("A"))
    for (let count = 0; count < 6; count++) socket.write(more)
    await untilClosed(socket)
    expect(refusals()).toEqual({ limit: 1 })
  })

  test("connections beyond the limit are ended, those within it aren't disturbed", async () => {
    await start({ limits: { pendingConnections: 3 } })
    const first = [secure(), secure(), secure()]
    await Promise.all(first.map((socket) => new Promise((resolve) => socket.once("secureConnect", resolve))))
    await untilClosed(plain())
    expect([target.counters().refused.limit, ...first.map((socket) => socket.destroyed)]).toEqual([
      1,
      false,
      false,
      false,
    ])
    first[0]?.destroy()
    // our initiator tries again until the target has noticed
    const initiator = await connectLabInitiator(target.port)
    await initiator.logout()
  })

  test("sessions beyond the limit are refused", async () => {
    await start({ limits: { sessions: 1 } })
    const first = await connectLabInitiator(target.port)
    const second = connectLabInitiator(target.port, { limits: { giveUpAfterMs: 300 } })
    await expect(second).rejects.toMatchObject({ code: "ConnectionLost" })
    expect(target.counters().sessions).toEqual({ now: 1, total: 1 })
    await first.logout()
  })
})
