import { createHash } from "node:crypto"
import { expect, test } from "vitest"
import { basicAuth, passwordCheck } from "../../../src/files/auth.ts"

const passwordSha256 = createHash("sha256").update("s3cret:with colon").digest("hex")
const login = basicAuth(passwordCheck([{ username: "recover", passwordSha256 }]))
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`

test.each([
  ["the right pair", basic("recover:s3cret:with colon"), true],
  ["the scheme in lower case", basic("recover:s3cret:with colon").replace("Basic", "basic"), true],
  ["another password", basic("recover:s3cret"), false],
  ["another user", basic("root:s3cret:with colon"), false],
  ["no colon", basic("recover"), false],
  ["an empty password", basic("recover:"), false],
  ["nothing", undefined, false],
  ["another scheme", "Bearer abc", false],
  ["the hash itself", basic(`recover:${passwordSha256}`), false],
  ["a huge header", `Basic ${"A".repeat(10_000)}`, false],
])("%s", (_, header, right) => expect(login(header) !== undefined).toBe(right))

test("a hash that is none is refused when the service starts", () => {
  expect(() => passwordCheck([{ username: "recover", passwordSha256: "" }])).toThrow(/hex/)
})

test("each of several has rights of their own", () => {
  const check = passwordCheck([
    { username: "recover", passwordSha256 },
    { username: "auditor", passwordSha256, rights: ["audit"] },
  ])
  const password = Buffer.from("s3cret:with colon")
  expect(check(Buffer.from("recover"), password)).toEqual({ who: "password:recover", rights: ["files"] })
  expect(check(Buffer.from("auditor"), password)).toEqual({ who: "password:auditor", rights: ["audit"] })
  expect(check(Buffer.from("nobody"), password)).toBeUndefined()
})
