import { describe, expect, test } from "vitest"
import { decodeBinary } from "../../../src/iscsi/binary-value.ts"
import { chapResponse } from "../../../src/iscsi/chap.ts"
import { field, headerBytes, newHeader } from "../../../src/iscsi/header.ts"
import { flag, immediate, opcode } from "../../../src/iscsi/opcode.ts"
import { formatText, parseText } from "../../../src/iscsi/text.ts"
import { ChapExchange } from "../../../src/target/chap-exchange.ts"
import { TargetLogin, type LoginStep } from "../../../src/target/login.ts"
import { SequenceNumbers } from "../../../src/target/sequence.ts"

type Keys = Record<string, string>

const chap = {
  initiatorUser: "restore",
  initiatorSecret: "initiator secret",
  targetUser: "target",
  targetSecret: "target secret",
}
const theirChallenge = Buffer.alloc(32, 0xaa)
const names = { InitiatorName: "iqn.2026-11.test:i", TargetName: "iqn.2026-11.test:t", SessionType: "Normal" }

function newLogin({ refusing = false, algorithms = [7] } = {}) {
  const source = { challenge: (bytes: number) => Buffer.alloc(bytes, 0x55), identifier: () => 42 }
  return new TargetLogin({
    targetName: "iqn.2026-11.test:t",
    chap: new ChapExchange(chap, algorithms, source),
    numbers: new SequenceNumbers(),
    refusing: () => refusing,
    maxTextBytes: 16_384,
  })
}

/** `move`: current and next stage; without it the request stays in the security stage. */
function request(keys: Keys, move?: readonly [number, number], patch: (header: Buffer) => void = () => {}) {
  const flags = move ? flag.final | (move[0] << 2) | move[1] : 0
  const header = newHeader(opcode.loginRequest | immediate, flags, 9)
  header[field.isid] = 0x80
  patch(header)
  return [header, formatText(Object.entries(keys))] as const
}

function keysOf(step: LoginStep): Keys {
  return Object.fromEntries(parseText(step.response.subarray(headerBytes)))
}

/** Status and counter of a refusal, or the kind of any other step. */
function tell(step: LoginStep): string {
  if (step.kind !== "refused") return step.kind
  return `0x${step.response.readUInt16BE(36).toString(16).padStart(4, "0")} ${step.refusal.counter ?? "nobody's fault"}`
}

function answer(change: Keys = {}, secret = chap.initiatorSecret): Keys {
  const response = chapResponse(7, 42, secret, Buffer.alloc(32, 0x55)).toString("hex")
  return {
    CHAP_N: "restore",
    CHAP_R: `0x${response}`,
    CHAP_I: "7",
    CHAP_C: `0x${theirChallenge.toString("hex")}`,
    ...change,
  }
}

function challenged(login: TargetLogin): TargetLogin {
  login.step(...request({ ...names, AuthMethod: "CHAP,None" }))
  login.step(...request({ CHAP_A: "5,7" }))
  return login
}

describe("a proper login", () => {
  test("goes through CHAP and parameters to a session", () => {
    const login = newLogin()
    const method = login.step(...request({ ...names, AuthMethod: "CHAP,None" }))
    expect(keysOf(method)).toEqual({ AuthMethod: "CHAP", TargetPortalGroupTag: "1" })
    const challenge = keysOf(login.step(...request({ CHAP_A: "5,7" })))
    expect(challenge).toEqual({ CHAP_A: "7", CHAP_I: "42", CHAP_C: `0x${"55".repeat(32)}` })
    const proof = keysOf(login.step(...request(answer(), [0, 1])))
    expect(proof["CHAP_N"]).toBe("target")
    expect(decodeBinary(proof["CHAP_R"])).toEqual(chapResponse(7, 7, chap.targetSecret, theirChallenge))
    const done = login.step(...request({ MaxRecvDataSegmentLength: "262144" }, [1, 3]))
    expect(done).toMatchObject({
      kind: "established",
      login: { initiatorName: names.InitiatorName, discovery: false, agreed: { maxDataInBytes: 262_144 } },
    })
    expect(done.response.readUInt8(1)).toBe(0x87)
  })

  test("stays in the security stage until CHAP is done, though the initiator wants to move on", () => {
    const login = newLogin()
    const step = login.step(...request({ ...names, AuthMethod: "CHAP" }, [0, 1]))
    expect(tell(step)).toBe("continue")
    expect(step.response.readUInt8(1) & 0x80).toBe(0)
  })

  test("may go from security straight to full feature", () => {
    expect(tell(challenged(newLogin()).step(...request(answer(), [0, 3])))).toBe("established")
  })

  test("may have the target's own CHAP_I, by chance", () => {
    expect(tell(challenged(newLogin()).step(...request(answer({ CHAP_I: "42" }), [0, 3])))).toBe("established")
  })

  test("may continue its text in a second PDU", () => {
    const login = newLogin()
    const [header, text] = request({ ...names, AuthMethod: "CHAP" })
    const first = Buffer.from(header)
    first[1] = flag.continues
    const empty = login.step(first, text.subarray(0, 20))
    expect([tell(empty), empty.response.length]).toEqual(["continue", headerBytes])
    expect(keysOf(login.step(header, text.subarray(20)))).toMatchObject({ AuthMethod: "CHAP" })
  })

  test("may be for discovery, without a target's name", () => {
    const login = newLogin()
    login.step(...request({ InitiatorName: "iqn.2026-11.test:i", SessionType: "Discovery", AuthMethod: "CHAP" }))
    login.step(...request({ CHAP_A: "7" }))
    expect(login.step(...request(answer(), [0, 3]))).toMatchObject({ kind: "established", login: { discovery: true } })
  })
})

describe("the first request", () => {
  test.each<[string, Keys, string, ((header: Buffer) => void)?]>([
    ["without InitiatorName", { TargetName: names.TargetName, AuthMethod: "CHAP" }, "0x0207 protocol"],
    ["without TargetName", { InitiatorName: "i", AuthMethod: "CHAP" }, "0x0207 protocol"],
    ["with another TargetName", { ...names, TargetName: "iqn.x", AuthMethod: "CHAP" }, "0x0203 protocol"],
    ["with an unknown SessionType", { ...names, SessionType: "Boot", AuthMethod: "CHAP" }, "0x0209 protocol"],
    ["without AuthMethod", names, "0x0201 chap"],
    ["with AuthMethod=None", { ...names, AuthMethod: "None" }, "0x0201 chap"],
    ["that skips authentication", names, "0x0201 chap", (header) => header.writeUInt8(0x87, 1)],
    ["of a later version", { ...names, AuthMethod: "CHAP" }, "0x0205 protocol", (header) => header.writeUInt8(1, 3)],
    [
      "for a second connection",
      { ...names, AuthMethod: "CHAP" },
      "0x020a protocol",
      (header) => header.writeUInt16BE(5, 14),
    ],
    [
      "that moves backwards",
      { ...names, AuthMethod: "CHAP" },
      "0x020b protocol",
      (header) => header.writeUInt8(0x80, 1),
    ],
    [
      "that moves to the reserved stage",
      { ...names, AuthMethod: "CHAP" },
      "0x020b protocol",
      (header) => header.writeUInt8(0x82, 1),
    ],
  ])("%s", (_, keys, expected, patch) =>
    expect(tell(newLogin().step(...request(keys, undefined, patch)))).toBe(expected),
  )

  test("of text that isn't pairs", () => {
    expect(tell(newLogin().step(request({})[0], Buffer.from("garbage")))).toBe("0x0200 protocol")
  })

  test("while the target is being released", () => {
    const login = newLogin({ refusing: true })
    expect(tell(login.step(...request({ ...names, AuthMethod: "CHAP" })))).toBe("0x0301 nobody's fault")
  })

  test("with more text than anybody needs", () => {
    const login = newLogin()
    const [header] = request({})
    header[1] = flag.continues
    const steps = Array.from({ length: 3 }, () => tell(login.step(header, Buffer.alloc(8192, "A"))))
    expect(steps).toEqual(["continue", "continue", "0x0302 limit"])
  })
})

describe("CHAP", () => {
  test.each<[string, Keys]>([
    ["a wrong secret", answer({}, "another secret")],
    ["a wrong user", answer({ CHAP_N: "root" })],
    ["no user", { CHAP_R: answer()["CHAP_R"] ?? "", CHAP_I: "7", CHAP_C: "0xaa" }],
    ["no response", answer({ CHAP_R: "" })],
    ["a response that is cut", answer({ CHAP_R: "0x00" })],
    ["no challenge for the target", { CHAP_N: "restore", CHAP_R: answer()["CHAP_R"] ?? "" }],
    ["the target's own challenge", answer({ CHAP_C: `0x${"55".repeat(32)}` })],
    ["a CHAP_I that is no octet", answer({ CHAP_I: "256" })],
    ["a challenge that is too long", answer({ CHAP_C: `0x${"aa".repeat(1025)}` })],
  ])("with %s is refused and proves nothing to the initiator", (_, keys) => {
    const step = challenged(newLogin()).step(...request(keys, [0, 1]))
    expect(tell(step)).toBe("0x0201 chap")
    expect(step.response).toHaveLength(headerBytes)
  })

  test("without a common algorithm is refused", () => {
    const login = newLogin()
    login.step(...request({ ...names, AuthMethod: "CHAP" }))
    expect(tell(login.step(...request({ CHAP_A: "5,6" })))).toBe("0x0201 chap")
  })

  test("takes the first algorithm of the target's list", () => {
    const login = newLogin({ algorithms: [7, 5] })
    login.step(...request({ ...names, AuthMethod: "CHAP" }))
    const keys = keysOf(login.step(...request({ CHAP_A: "5,7" })))
    expect(keys["CHAP_A"]).toBe("7")
  })
})
