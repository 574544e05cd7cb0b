import { createHash, createHmac } from "node:crypto"
import { inspect } from "node:util"
import { expect, test } from "vitest"
import { deriveCredentials } from "../../../src/credentials/derive.ts"
import { createMasterKey, loadMasterKey } from "../../../src/credentials/master-key.ts"

const masterBytes = Buffer.alloc(32, 7)
const masterKey = loadMasterKey(masterBytes.toString("base64"))
const uid = "6f1e8a4c-0000-4000-8000-000000000001"
const hmac = (key: Buffer, data: Buffer) => createHmac("sha256", key).update(data).digest()

test("it is HKDF-SHA256 with an empty salt and filerecovery/<uid>/<purpose>", () => {
  const pseudoRandomKey = hmac(Buffer.alloc(32), masterBytes)
  const first = hmac(pseudoRandomKey, Buffer.from(`filerecovery/${uid}/chap-initiator\x01`))
  const { initiatorSecret } = deriveCredentials(masterKey, uid).chap
  expect(Buffer.from(initiatorSecret, "base64url")).toEqual(first.subarray(0, 24))
})

test("the same each time; other for each session, master key and purpose", () => {
  const one = deriveCredentials(masterKey, uid)
  expect(deriveCredentials(masterKey, uid)).toEqual(one)
  const secrets = [
    one,
    deriveCredentials(masterKey, "other"),
    deriveCredentials(loadMasterKey(createMasterKey()), uid),
  ].flatMap(({ chap, access }) => [chap.initiatorSecret, chap.targetSecret, access.password])
  expect(new Set(secrets).size).toBe(9)
})

test("secrets are printable and long enough for CHAP, names differ in both directions", () => {
  const { chap, access } = deriveCredentials(masterKey, uid)
  for (const secret of [chap.initiatorSecret, chap.targetSecret, access.password])
    expect(secret).toMatch(/^[A-Za-z0-9_-]{32}$/)
  expect(chap.initiatorUser).not.toBe(chap.targetUser)
  expect(access.passwordSha256).toBe(createHash("sha256").update(access.password).digest("hex"))
})

test.each(["", "a/access", "a b", "a\n", "x".repeat(65)])("a UID like %j is refused", (bad) =>
  expect(() => deriveCredentials(masterKey, bad)).toThrow(/can't be a session's UID/),
)

test.each([
  ["empty", ""],
  ["short", Buffer.alloc(16).toString("base64")],
  ["no base64", "?".repeat(44)],
])("a master key that is %s is refused without quoting it", (_, text) =>
  expect(() => loadMasterKey(text)).toThrow(/^The master key must be 32 bytes in base64; restore it or create/),
)

test("a master key with the line break of an editor is read", () =>
  expect(deriveCredentials(loadMasterKey(`${masterBytes.toString("base64")}\n`), uid)).toEqual(
    deriveCredentials(masterKey, uid),
  ))

test("a master key shows no bytes when printed", () =>
  expect(inspect(masterKey, { showHidden: true, depth: 9 }) + JSON.stringify(masterKey)).not.toMatch(/7, 7|BwcH|07 07/))
