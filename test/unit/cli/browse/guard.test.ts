import { createHmac } from "node:crypto"
import { expect, test } from "vitest"
import { Guard } from "../../../../src/cli/browse/guard.ts"

const guard = new Guard()
const target = "/v1/volumes/d/content?path=/a"
const sign = (text: string, token = guard.token) => createHmac("sha256", token).update(text).digest("hex")

test.each([
  ["the token", `Bearer ${guard.token}`, true],
  ["none", undefined, false],
  ["another one", `Bearer ${new Guard().token}`, false],
  ["a part of it", `Bearer ${guard.token.slice(1)}`, false],
  ["another scheme", `Basic ${guard.token}`, false],
])("with %s", (_, header, isIn) => expect(guard.hasToken(header)).toBe(isIn))

test.each([
  ["its own target", `/t/${sign(target)}${target}`, target],
  ["another target", `/t/${sign(target)}${target}/../b`, undefined],
  ["another token's", `/t/${sign(target, "x")}${target}`, undefined],
  ["no signature", `/t/${target}`, undefined],
  ["a target alone", target, undefined],
])("a signature opens %s", (_, url, opened) => expect(guard.signedTarget(url)).toBe(opened))
