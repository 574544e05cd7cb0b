import { createHash } from "node:crypto"
import { expect, test } from "vitest"
import { basicAuth } from "../../../src/files/auth.ts"

const passwordSha256 = createHash("sha256").update("s3cret:with colon").digest("hex")
const authorised = basicAuth({ username: "recover", passwordSha256 })
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
])("%s", (_, header, right) => expect(authorised(header)).toBe(right))

test("a hash that is none is refused when the service starts", () => {
  expect(() => basicAuth({ username: "recover", passwordSha256: "" })).toThrow(/hex/)
})
