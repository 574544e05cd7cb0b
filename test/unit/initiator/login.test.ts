import { describe, expect, test } from "vitest"
import { reasonOf } from "../../../src/api/reasons.ts"
import { encodePdu, field, headerBytes, newHeader } from "../../../src/iscsi/header.ts"
import { flag, opcode } from "../../../src/iscsi/opcode.ts"
import { formatText, parseText } from "../../../src/iscsi/text.ts"
import { InitiatorLogin } from "../../../src/initiator/login.ts"
import { MutualChap } from "../../../src/initiator/mutual-chap.ts"
import { ChapExchange } from "../../../src/target/chap-exchange.ts"
import { setSessionHandle, TargetLogin } from "../../../src/target/login.ts"
import { SequenceNumbers } from "../../../src/target/sequence.ts"

type Keys = Record<string, string>

const chap = {
  initiatorUser: "restore",
  initiatorSecret: "initiator secret",
  targetUser: "target",
  targetSecret: "target secret",
}

function newLogin(credentials = chap) {
  let next = 1
  const random = { bytes: (count: number) => Buffer.alloc(count, next++) }
  return new InitiatorLogin({
    initiatorName: "iqn.2026-11.test:i",
    targetName: "iqn.2026-11.test:t",
    isid: Buffer.from("800000000001", "hex"),
    chap: new MutualChap(credentials, [7], random),
  })
}

function newTarget(credentials = chap) {
  const numbers = new SequenceNumbers()
  const source = { challenge: (bytes: number) => Buffer.alloc(bytes, 0x55), identifier: () => 42 }
  const exchange = new ChapExchange(credentials, [7], source)
  return new TargetLogin({
    targetName: "iqn.2026-11.test:t",
    chap: exchange,
    numbers,
    refusing: () => false,
    maxTextBytes: 8192,
  })
}

/** Lets both machines talk; ends with the initiator's last word. */
function converse(login: InitiatorLogin, target: TargetLogin) {
  let request = login.start()
  for (let round = 0; round < 10; round++) {
    const { kind, response } = target.step(request.subarray(0, headerBytes), dataOf(request))
    if (kind === "established") setSessionHandle(response, 1)
    const step = login.step(response.subarray(0, headerBytes), dataOf(response))
    if (step.kind === "established") return { step, target: kind, rounds: round + 1 }
    request = step.request
  }
  throw new Error("they don't come to an end")
}

function dataOf(pdu: Buffer): Buffer {
  return pdu.subarray(headerBytes, headerBytes + pdu.readUIntBE(5, 3))
}

function response(keys: Keys, { move, status = 0 }: { move?: readonly [number, number]; status?: number } = {}) {
  const header = newHeader(opcode.loginResponse, move ? flag.final | (move[0] << 2) | move[1] : 0, 1)
  header.writeUInt16BE(status, 36)
  const data = formatText(Object.entries(keys))
  return [encodePdu(header, data).subarray(0, headerBytes), data] as const
}

function failure(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return reasonOf(error)
  }
  return "none"
}

describe("against the target's own machine", () => {
  test("both come to a session in four rounds", () => {
    expect(converse(newLogin(), newTarget())).toMatchObject({
      step: { kind: "established" },
      target: "established",
      rounds: 4,
    })
  })
  test.each([
    ["initiator's secret", { initiatorSecret: "some other secret" }],
    ["initiator's user", { initiatorUser: "other" }],
    ["target's secret", { targetSecret: "some other secret" }],
    ["target's user", { targetUser: "other" }],
  ])("another %s ends in LoginRefused", (_, change) => {
    expect(failure(() => converse(newLogin(), newTarget({ ...chap, ...change })))).toBe("LoginRefused")
  })
})

describe("a target that", () => {
  const challenge = { CHAP_A: "7", CHAP_I: "42", CHAP_C: `0x${"55".repeat(32)}` }
  const toMethod = response({ AuthMethod: "CHAP" })

  test.each<[string, ReadonlyArray<ReturnType<typeof response>>, string]>([
    ["goes on without CHAP", [response({ AuthMethod: "None" }, { move: [0, 1] })], "LoginRefused"],
    ["says CHAP and moves on", [response({ AuthMethod: "CHAP" }, { move: [0, 1] })], "LoginRefused"],
    ["chooses MD5", [toMethod, response({ ...challenge, CHAP_A: "5" })], "LoginRefused"],
    ["gives no challenge", [toMethod, response({ CHAP_A: "7", CHAP_I: "42" })], "LoginRefused"],
    ["gives our challenge", [toMethod, response({ ...challenge, CHAP_C: `0x${"01".repeat(32)}` })], "LoginRefused"],
    ["doesn't prove itself", [toMethod, response(challenge), response({}, { move: [0, 1] })], "LoginRefused"],
    ["refuses the secret", [toMethod, response(challenge), response({}, { status: 0x0201 })], "LoginRefused"],
    ["is being released", [response({}, { status: 0x0301 })], "ConnectionLost"],
    ["answers with garbage", [[newHeader(opcode.loginResponse, 0, 1), Buffer.from("garbage")]], "ProtocolError"],
    ["answers with another PDU", [[newHeader(opcode.nopIn, 0, 1), Buffer.alloc(0)]], "ProtocolError"],
  ])("%s", (_, responses, expected) => {
    const login = newLogin()
    login.start()
    expect(failure(() => responses.forEach(([header, data]) => login.step(header, data)))).toBe(expected)
  })

  test("never finishes is given up", () => {
    const login = newLogin()
    login.start()
    const [header] = response({})
    header[1] = flag.continues
    expect(failure(() => Array.from({ length: 20 }, () => login.step(header, Buffer.alloc(0))))).toBe("ProtocolError")
  })
})

test("the first request names both ends and asks for CHAP alone", () => {
  const request = newLogin().start()
  expect(Object.fromEntries(parseText(dataOf(request)))).toEqual({
    InitiatorName: "iqn.2026-11.test:i",
    SessionType: "Normal",
    TargetName: "iqn.2026-11.test:t",
    AuthMethod: "CHAP",
  })
  expect(request.toString("hex", field.isid, field.isid + 6)).toBe("800000000001")
})
