import { createHash, randomBytes } from "node:crypto"
import type { AuthContext } from "ssh2"
import ssh2 from "ssh2"
import { expect, test } from "vitest"
import { fingerprintOf } from "../../../../src/api/public-key.ts"
import { passwordCheck } from "../../../../src/files/auth.ts"
import { sftpLogin } from "../../../../src/files/sftp/login.ts"
import { PublicKeys } from "../../../../src/files/sftp/public-keys.ts"
import { makeSshKey } from "../../../support/ssh-key.ts"

const passwordSha256 = createHash("sha256").update("secret").digest("hex")
const credentials = [
  { username: "recover", passwordSha256 },
  { username: "auditor", passwordSha256, rights: ["audit"] as const },
]
const pairs = [makeSshKey("ed25519"), makeSshKey("rsa"), makeSshKey("ecdsa")]
const publicKeys = pairs.map((pair) => pair.public)
const named = new PublicKeys()
named.set(publicKeys)
const login = sftpLogin({ password: passwordCheck(credentials), publicKeys: named, username: "recover" })

const request = (fields: object) => ({ username: "recover", ...fields }) as unknown as AuthContext
const blobOf = (line: string) => Buffer.from(line.split(" ")[1] ?? "", "base64")
const signed = (index: number, more: object = {}) => {
  const key = ssh2.utils.parseKey(pairs[index]?.private ?? "")
  if (key instanceof Error) throw key
  const blob = randomBytes(100)
  const hashAlgo = key.type === "ssh-rsa" ? "sha256" : undefined
  const data = blobOf(publicKeys[index] ?? "")
  return request({ method: "publickey", key: { data }, blob, hashAlgo, signature: key.sign(blob, hashAlgo), ...more })
}

test.each<[string, AuthContext, string]>([
  ["nothing", request({ method: "none" }), "refused"],
  ["the right password", request({ method: "password", password: "secret" }), "password:recover"],
  ["a wrong password", request({ method: "password", password: "Secret" }), "wrong"],
  ["another user", request({ method: "password", username: "root", password: "secret" }), "wrong"],
  ["who may not read files", request({ method: "password", username: "auditor", password: "secret" }), "wrong"],
  ["a key nobody knows", request({ method: "publickey", key: { data: randomBytes(51) } }), "refused"],
  ["whether a key would do", signed(0, { signature: undefined }), "asked"],
  ["a key's signature", signed(0), "publickey:SHA256:"],
  ["an RSA key's signature", signed(1), "publickey:SHA256:"],
  ["an ECDSA key's signature", signed(2), "publickey:SHA256:"],
  ["a key of another user name", signed(0, { username: "root" }), "refused"],
  ["a signature of something else", signed(0, { blob: randomBytes(100) }), "wrong"],
  ["a signature that is none", signed(1, { signature: Buffer.from("x") }), "wrong"],
  ["a signature of nothing", signed(2, { signature: Buffer.alloc(0) }), "wrong"],
  ["an RSA signature of SHA-1", signed(1, { hashAlgo: undefined }), "wrong"],
  ["a hash there is none of", signed(1, { hashAlgo: "md17" }), "wrong"],
])("%s", (_, request, expected) => {
  const tried = login(request)
  expect(typeof tried === "string" ? tried : tried.login.who).toContain(expected)
})

test("a key that can't be read opens nothing, is told like the others, and disturbs none of them", () => {
  const keys = new PublicKeys()
  keys.set([
    "ssh-ed25519 AAAA",
    pairs[0]?.private ?? "",
    publicKeys[0] ?? "",
    publicKeys[0]?.replace("a comment", "") ?? "",
  ])
  expect(keys.fingerprints).toHaveLength(3)
  expect(keys.fingerprints.at(-1)).toBe(fingerprintOf(publicKeys[0] ?? ""))
  expect(keys.find(Buffer.from("AAAA", "base64"))).toBeUndefined()
  expect(keys.find(blobOf(publicKeys[0] ?? ""))?.type).toBe("ssh-ed25519")
})

test("who had a key hears when it is taken away, once, and not of the others; one that is kept stays", () => {
  const keys = new PublicKeys()
  const heard: string[] = []
  const [first = "", second = "", kept = ""] = publicKeys
  keys.keep(kept)
  keys.set([first, second])
  keys.onRevoked(fingerprintOf(first), () => heard.push("first"))
  keys.onRevoked(fingerprintOf(second), () => heard.push("second"))
  keys.onRevoked(fingerprintOf(kept), () => heard.push("kept"))
  keys.onRevoked(fingerprintOf(first), () => heard.push("first, gone before"))()
  keys.onRevoked("SHA256:nobody's", () => heard.push("nobody's"))
  expect(heard).toEqual(["nobody's"])
  keys.set([second])
  keys.set([])
  expect(heard).toEqual(["nobody's", "first", "second"])
  expect(keys.find(blobOf(kept))).toBeDefined()
})
