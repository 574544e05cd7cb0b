import { Writable } from "node:stream"
import type { TLSSocket } from "node:tls"
import { describe, expect, onTestFinished, test } from "vitest"
import { reasonOf, RecoveryError } from "../../../src/api/reasons.ts"
import { field, newHeader, noTag } from "../../../src/iscsi/header.ts"
import { flag, opcode } from "../../../src/iscsi/opcode.ts"
import { fixedSense, sense } from "../../../src/iscsi/scsi/sense.ts"
import { standardLimits } from "../../../src/initiator/options.ts"
import { Session } from "../../../src/initiator/session.ts"

/** A session whose far end is this test: what it sends can be looked at, what it receives is handed in. */
function sessionWith({ window = 8 } = {}) {
  const sent: Buffer[] = []
  const socket = new Writable({
    write: (chunk: Buffer, _, done) => {
      sent.push(chunk)
      done()
    },
  })
  const session = new Session(socket as TLSSocket, { cmdSn: 1, expectedStatSn: 1, maxCmdSn: window }, standardLimits)
  onTestFinished(() => session.destroy(new RecoveryError("ConnectionLost", "the test is over")))
  return { session, sent }
}

const cdb = Buffer.alloc(16)
const nextTick = () => new Promise((resolve) => setImmediate(resolve))

function fromTarget(
  operation: number,
  tag: number,
  fields: Record<number, number> = {},
  flags: number = flag.final,
): Buffer {
  const header = newHeader(operation, flags, tag)
  header.writeUInt32BE(8, field.maxCmdSn)
  for (const [at, value] of Object.entries(fields)) header.writeUInt32BE(value, Number(at))
  return header
}

/** A Data-In as the parser hands it over: first its place, then the PDU. */
function dataIn(session: Session, tag: number, offset: number, data: Buffer, flags: number = flag.final | flag.status) {
  const header = fromTarget(opcode.dataIn, tag, { 40: offset }, flags)
  const place = session.place(header, data.length)
  data.copy(place ?? Buffer.alloc(0))
  session.pdu(header, place ?? data)
}

/** The tag of the first command is 2: 1 was the login's. */
const firstTag = 2

describe("a read", () => {
  test("is filled by Data-In PDUs in their order", async () => {
    const { session } = sessionWith()
    const into = Buffer.alloc(8)
    const read = session.command(0, cdb, into)
    dataIn(session, firstTag, 0, Buffer.from("abcd"), 0)
    dataIn(session, firstTag, 4, Buffer.from("efgh"))
    expect([await read, into.toString()]).toEqual([8, "abcdefgh"])
  })

  test("that ends with CHECK CONDITION rejects with its sense", async () => {
    const { session } = sessionWith()
    const read = session.command(0, cdb, Buffer.alloc(8))
    const header = fromTarget(opcode.scsiResponse, firstTag)
    header[3] = 2
    session.pdu(header, Buffer.concat([Buffer.of(0, 18), fixedSense(sense.mediumError)]))
    await expect(read).rejects.toMatchObject({
      name: "ScsiFailure",
      message: "unrecovered read error",
      isPassing: false,
    })
  })

  test("waits while the command window is closed", async () => {
    const { session, sent } = sessionWith({ window: 1 })
    void session.command(0, cdb, Buffer.alloc(8)).catch(() => {})
    void session.command(0, cdb, Buffer.alloc(8)).catch(() => {})
    await nextTick()
    expect(sent).toHaveLength(1)
    session.pdu(fromTarget(opcode.nopIn, noTag, { [field.transferTag]: noTag, [field.maxCmdSn]: 2 }), Buffer.alloc(0))
    await nextTick()
    expect(sent.map((pdu) => pdu.readUInt32BE(field.sequence))).toEqual([1, 2])
  })

  test("rejects when the session ends, and later ones at once", async () => {
    const { session } = sessionWith()
    const read = session.command(0, cdb, Buffer.alloc(8))
    session.destroy(new RecoveryError("ConnectionLost", "gone"))
    await expect(read).rejects.toThrow("gone")
    await expect(session.command(0, cdb, Buffer.alloc(8))).rejects.toThrow("gone")
    await expect(session.ended).resolves.toMatchObject({ message: "gone" })
  })
})

describe("a target that breaks the protocol with", () => {
  test.each<[string, (session: Session) => void]>([
    ["data for nobody", (session) => dataIn(session, 77, 0, Buffer.alloc(4))],
    ["data behind a gap", (session) => dataIn(session, firstTag, 4, Buffer.alloc(4))],
    ["more data than asked for", (session) => dataIn(session, firstTag, 0, Buffer.alloc(9))],
    [
      "the same data twice",
      (session) => {
        dataIn(session, firstTag, 0, Buffer.alloc(4), 0)
        dataIn(session, firstTag, 0, Buffer.alloc(4), 0)
      },
    ],
    ["a status for nobody", (session) => session.pdu(fromTarget(opcode.scsiResponse, 77), Buffer.alloc(0))],
    [
      "a command it didn't complete",
      (session) => session.pdu(fromTarget(opcode.scsiResponse, firstTag, { 0: 0x21800100 }), Buffer.alloc(0)),
    ],
    ["R2T", (session) => session.pdu(fromTarget(opcode.r2t, firstTag), Buffer.alloc(0))],
    ["Reject", (session) => session.pdu(fromTarget(opcode.reject, noTag), Buffer.alloc(48))],
    ["a request", (session) => session.pdu(fromTarget(opcode.scsiCommand, 1), Buffer.alloc(0))],
  ])("%s is told by a ProtocolError", (_, misbehave) => {
    const { session } = sessionWith()
    void session.command(0, cdb, Buffer.alloc(8)).catch(() => {})
    let reason = "none"
    try {
      misbehave(session)
    } catch (error) {
      reason = reasonOf(error)
    }
    expect(reason).toBe("ProtocolError")
  })
})

test("a ping of the target is answered with its tag", async () => {
  const { session, sent } = sessionWith()
  session.pdu(fromTarget(opcode.nopIn, noTag, { [field.transferTag]: 0x1234 }), Buffer.alloc(0))
  await nextTick()
  const answer = sent[0] ?? Buffer.alloc(48)
  expect([answer.readUInt8(0), answer.readUInt32BE(field.tag), answer.readUInt32BE(field.transferTag)]).toEqual([
    0x40,
    noTag,
    0x1234,
  ])
})

test("a wish to log out is passed on", () => {
  const { session } = sessionWith()
  let asked = 0
  session.onLogOutRequested = () => asked++
  session.pdu(fromTarget(opcode.asyncMessage, noTag, { 36: 0x01000000 }), Buffer.alloc(0))
  expect(asked).toBe(1)
})

test("a logout waits for what is under way, and ends with the target's answer", async () => {
  const { session, sent } = sessionWith()
  const read = session.command(0, cdb, Buffer.alloc(4))
  const loggedOut = session.logOut()
  await nextTick()
  expect(sent).toHaveLength(1)
  dataIn(session, firstTag, 0, Buffer.from("last"))
  await read
  await nextTick()
  expect(sent[1]?.readUInt8(0)).toBe(0x46)
  session.pdu(fromTarget(opcode.logoutResponse, firstTag + 1), Buffer.alloc(0))
  await loggedOut
  expect(session.isOver).toBe(true)
})
