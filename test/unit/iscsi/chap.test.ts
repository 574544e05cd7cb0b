import { describe, expect, test } from "vitest"
import {
  chapResponse,
  checkAlgorithms,
  checkCredentials,
  parseIdentifier,
  sameName,
  sameResponse,
} from "../../../src/iscsi/chap.ts"

const challenge = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex")
const credentials = {
  initiatorUser: "restore",
  initiatorSecret: "initiator secret",
  targetUser: "target",
  targetSecret: "target secret",
}

// from: printf '\x11secret of 12 bytes\x00\x01...\x0f' | openssl dgst -<hash>
test.each([
  [5, "md5", "d72209d494a6ab6179836e83b7004f4a"],
  [6, "sha1", "88dd99edae0e4ac29484ac006e5ea32f65ebe7c6"],
  [7, "sha256", "322688378e399adf952532115ea18f6ee181a0d8e905960a760f66bb3afeed8f"],
  [8, "sha3-256", "cb98197a7a448e22e2a112026788f21ccc63641ff8264ccd41e9edd46d3181be"],
])("algorithm %i answers with the %s that openssl gives", (algorithm, _, expected) => {
  expect(chapResponse(algorithm, 0x11, "secret of 12 bytes", challenge).toString("hex")).toBe(expected)
})

test("an unknown algorithm has no answer", () =>
  expect(() => chapResponse(1, 0, "secret", challenge)).toThrow(/algorithm 1/))

test.each([
  ["identifier", () => chapResponse(7, 1, "secret of 12 bytes", challenge)],
  ["secret", () => chapResponse(7, 0, "secret of 12 bytez", challenge)],
  ["challenge", () => chapResponse(7, 0, "secret of 12 bytes", challenge.subarray(1))],
])("another %s is another answer", (_, other) => {
  expect(sameResponse(chapResponse(7, 0, "secret of 12 bytes", challenge), other())).toBe(false)
})

test("answers of different length differ, names compare whole", () => {
  expect(sameResponse(Buffer.alloc(32), Buffer.alloc(31))).toBe(false)
  expect(sameName("target", "target")).toBe(true)
  expect(sameName("target", "targe")).toBe(false)
})

describe("credentials", () => {
  test("good ones pass", () => expect(() => checkCredentials(credentials)).not.toThrow())
  test.each<[string, Partial<typeof credentials>, RegExp]>([
    ["a secret of 11 bytes", { initiatorSecret: "x".repeat(11) }, /shorter than 12/],
    ["a short target secret", { targetSecret: "s3cret" }, /target's CHAP secret/],
    ["one secret for both", { initiatorSecret: "target secret" }, /share one secret/],
    ["no user", { targetUser: "" }, /user is empty/],
  ])("%s is refused, and not told", (_, change, message) => {
    const check = () => checkCredentials({ ...credentials, ...change })
    expect(check).toThrow(message)
    expect(check).not.toThrow(/x{11}|s3cret|target secret/)
  })
  test.each([[[]], [[4]], [[7, 9]]])("algorithms %j are refused", (list) =>
    expect(() => checkAlgorithms(list)).toThrow(/algorithms/),
  )
})

test.each([
  ["0", 0],
  ["255", 255],
  ["0x1f", 31],
  ["256", undefined],
  ["-1", undefined],
  ["1.5", undefined],
  ["", undefined],
  [undefined, undefined],
])("CHAP_I=%s reads as %s", (text, expected) => expect(parseIdentifier(text)).toBe(expected))
