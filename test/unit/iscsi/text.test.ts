import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { RecoveryError, reasonOf } from "../../../src/api/reasons.ts"
import { decodeBinary, encodeBinary } from "../../../src/iscsi/binary-value.ts"
import { formatText, parseText } from "../../../src/iscsi/text.ts"
import { counterexample } from "../../support/counterexample.ts"

describe("text keys", () => {
  test.each([
    ["nothing", "", {}],
    ["one pair", "AuthMethod=CHAP\0", { AuthMethod: "CHAP" }],
    ["no final zero", "AuthMethod=CHAP", { AuthMethod: "CHAP" }],
    ["an empty value", "SendTargets=\0", { SendTargets: "" }],
    ["an equals sign in the value", "CHAP_R=0bAAA=\0", { CHAP_R: "0bAAA=" }],
    ["zeros between", "InitiatorName=a\0\0\0TargetName=b\0", { InitiatorName: "a", TargetName: "b" }],
    ["a vendor key", "X-com.example.key=1\0", { "X-com.example.key": "1" }],
  ])("%s", (_, text, expected) => expect(Object.fromEntries(parseText(Buffer.from(text)))).toEqual(expected))

  test.each([
    ["a pair without equals sign", "AuthMethod\0"],
    ["an empty key", "=CHAP\0"],
    ["a key that starts small", "authMethod=CHAP\0"],
    ["a key of 64 bytes", `${"K".repeat(64)}=1\0`],
    ["the same key twice", "CHAP_A=7\0CHAP_A=5\0"],
    ["too many keys", Array.from({ length: 65 }, (_, index) => `K${index}=1\0`).join("")],
    ["a value of 4,097 bytes", `K=${"v".repeat(4097)}\0`],
  ])("refuses %s", (_, text) => expect(() => parseText(Buffer.from(text))).toThrow(RecoveryError))

  test("refuses what isn't UTF-8", () => expect(() => parseText(Buffer.from("K=\xff\0", "latin1"))).toThrow(/UTF-8/))

  test("any bytes parse or throw a ProtocolError", () => {
    expect(
      counterexample(
        fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
          try {
            return parseText(Buffer.from(bytes)).size <= 64
          } catch (error) {
            return reasonOf(error) === "ProtocolError"
          }
        }),
      ),
    ).toBeUndefined()
  })

  test("what is formatted parses to the same", () => {
    const key = fc.stringMatching(/^[A-Z][A-Za-z0-9]{0,20}$/)
    const value = fc.string({ unit: "grapheme", maxLength: 40 }).filter((text) => !text.includes("\0"))
    expect(
      counterexample(
        fc.property(fc.dictionary(key, value, { noNullPrototype: true }), (pairs) => {
          expect(Object.fromEntries(parseText(formatText(Object.entries(pairs))))).toEqual(pairs)
        }),
      ),
    ).toBeUndefined()
  })
})

describe("binary values", () => {
  test.each([
    ["lower-case hex", "0x00ff", "00ff"],
    ["upper-case hex", "0XAB", "ab"],
    ["base64", "0bAP8=", "00ff"],
    ["upper-case base64", "0BAP8=", "00ff"],
    ["1,024 bytes", `0x${"ab".repeat(1024)}`, "ab".repeat(1024)],
  ])("%s", (_, text, hex) => expect(decodeBinary(text)?.toString("hex")).toBe(hex))

  test.each([
    ["nothing", undefined],
    ["an empty string", ""],
    ["a number", "255"],
    ["half a byte", "0x123"],
    ["hex without digits", "0x"],
    ["base64 without letters", "0b"],
    ["base64 of no whole group", "0bA"],
    ["other letters", "0xzz"],
    ["1,025 bytes", `0x${"ab".repeat(1025)}`],
  ])("refuses %s", (_, text) => expect(decodeBinary(text)).toBeUndefined())

  test("what is encoded decodes to the same", () => {
    expect(
      counterexample(
        fc.property(fc.uint8Array({ minLength: 1, maxLength: 1024 }), (bytes) => {
          expect(decodeBinary(encodeBinary(Buffer.from(bytes)))?.equals(bytes)).toBe(true)
        }),
      ),
    ).toBeUndefined()
  })
})
