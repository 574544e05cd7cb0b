import { spawnSync } from "node:child_process"
import { X509Certificate } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { operatorIdentity } from "../../../src/credentials/identity.ts"
import { createMasterKey, loadMasterKey } from "../../../src/credentials/master-key.ts"
import { secretContents } from "../../../src/credentials/secrets.ts"
import { loginKeyFrom } from "../../../src/credentials/ssh-key.ts"
import { createAuthority, loadAuthority } from "../../../src/pki/authority.ts"
import { peerUri } from "../../../src/pki/peer.ts"

const now = new Date("2026-11-22T10:00:00Z")
const hours = (count: number) => new Date(now.getTime() + count * 3_600_000)
const authority = loadAuthority(createAuthority({ name: "test", notBefore: hours(-1), notAfter: hours(48) }))
const masterKey = loadMasterKey(createMasterKey())
const uid = "6f1e8a4c-0000-4000-8000-000000000001"
const serviceNames = { target: ["a-target.shop.svc"], files: ["a-files.shop.svc"] }
const contents = secretContents(authority, masterKey, { uid, serviceNames }, now, hours(12))
const certificate = (files: Record<string, string>) => new X509Certificate(files["tls.crt"] ?? "")

test("each Secret holds what its reader needs and nothing else", () => {
  expect(Object.keys(contents.target).sort()).toEqual(["ca.crt", "chap.json", "tls.crt", "tls.key"])
  expect(Object.keys(contents.restore).sort()).toEqual(["access.json", "ca.crt", "chap.json", "tls.crt", "tls.key"])
  expect(Object.keys(contents.access).sort()).toEqual(["ca.crt", "password", "username"])
  expect(contents.target["chap.json"]).toBe(contents.restore["chap.json"])
  const password = contents.access["password"] ?? "missing"
  expect(JSON.stringify([contents.target, contents.restore])).not.toContain(password)
  expect(JSON.parse(contents.restore["access.json"] ?? "")).toEqual({
    username: "recover",
    passwordSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    sshPublicKey: loginKeyFrom(password).publicKey,
  })
})

test("the certificates carry identity and Service names and end 10 minutes after the session", () => {
  const target = certificate(contents.target)
  const restore = certificate(contents.restore)
  expect([peerUri(target), peerUri(restore)]).toEqual([`filerecovery://${uid}/target`, `filerecovery://${uid}/restore`])
  expect(target.checkHost("a-target.shop.svc")).toBe("a-target.shop.svc")
  expect(restore.checkHost("a-files.shop.svc")).toBe("a-files.shop.svc")
  expect([target.validToDate, restore.validToDate]).toEqual([hours(12 + 1 / 6), hours(12 + 1 / 6)])
  expect(target.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"])
  expect(restore.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"])
})

const minute = 1 / 60
test.each([
  ["at the start, by a clock that is 5 minutes behind", -5 * minute, true],
  ["at the start, by a clock that is 5 minutes ahead", 5 * minute, true],
  ["at the end, by a clock that is 5 minutes ahead", 12 + 5 * minute, true],
  ["at the end, by a clock that is 5 minutes behind", 12 - 5 * minute, true],
  ["a quarter of an hour after the end", 12.25, false],
  ["a quarter of an hour before the start", -0.25, false],
])("openssl accepts the certificates %s: %s", (_, at, accepted) => {
  const dir = mkdtempSync(join(tmpdir(), "skew-"))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, "ca.pem"), authority.trustPem)
  const seconds = String(hours(at).getTime() / 1000)
  for (const files of [contents.target, contents.restore]) {
    writeFileSync(join(dir, "leaf.pem"), files["tls.crt"] ?? "")
    const verify = ["verify", "-attime", seconds, "-CAfile", "ca.pem", "leaf.pem"]
    expect(spawnSync("openssl", verify, { cwd: dir }).status === 0).toBe(accepted)
  }
})

test("the operator's identity is accepted by pods whose clocks are 5 minutes off", () => {
  const { validFromDate, validToDate } = new X509Certificate(operatorIdentity(authority, uid, now).cert)
  expect(validFromDate <= hours(-5 * minute) && validToDate >= hours(5 * minute)).toBe(true)
})

test("the operator's identity is short-lived and never past the authority's end", () => {
  const early = new X509Certificate(operatorIdentity(authority, uid, now).cert)
  const late = new X509Certificate(operatorIdentity(authority, uid, hours(47.5)).cert)
  expect(peerUri(early)).toBe(`filerecovery://${uid}/operator`)
  expect([early.validToDate, late.validToDate]).toEqual([hours(1), hours(48)])
})
