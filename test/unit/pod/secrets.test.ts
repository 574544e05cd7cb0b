import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { createMasterKey, loadMasterKey } from "../../../src/credentials/master-key.ts"
import { secretContents } from "../../../src/credentials/secrets.ts"
import { createAuthority, loadAuthority } from "../../../src/pki/authority.ts"
import { readAccess, readPodSecrets } from "../../../src/pod/secrets.ts"

const now = new Date("2026-11-22T10:00:00Z")
const end = new Date("2026-11-22T22:00:00Z")
const tomorrow = new Date("2026-11-23T10:00:00Z")
const authority = loadAuthority(createAuthority({ name: "test", notBefore: now, notAfter: tomorrow }))
const uid = "6f1e"
const serviceNames = { target: ["t"], files: ["f"] }
const contents = secretContents(authority, loadMasterKey(createMasterKey()), { uid, serviceNames }, now, end)

function mount(files: Record<string, string>): string {
  const dir = mkdtempSync(join(tmpdir(), "secret-"))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  return dir
}

test("what the operator lays out is what the pods read", async () => {
  const target = await readPodSecrets(mount(contents.target), uid, "target")
  const dir = mount(contents.restore)
  const restore = await readPodSecrets(dir, uid, "restore")
  expect(target.chap).toEqual(restore.chap)
  expect([target.hardEnd, restore.hardEnd]).toEqual([end, end])
  expect(restore.identity.ca).toBe(authority.trustPem)
  expect((await readAccess(dir)).username).toBe("recover")
})

test.each([
  ["the certificate of another role", contents.restore, /not that of session 6f1e as target/],
  ["no key", { ...contents.target, "tls.key": undefined }, /tls.key can't be read \(ENOENT\)/],
  ["a certificate that is none", { ...contents.target, "tls.crt": "s3cret" }, /tls.crt has not the content/],
  ["CHAP secrets that are no JSON", { ...contents.target, "chap.json": "s3cret" }, /chap.json has not the content/],
  [
    "a CHAP secret that is too short",
    { ...contents.target, "chap.json": JSON.stringify({ ...chap(), targetSecret: "s3cret" }) },
    /chap.json has not the content/,
  ],
])("%s is refused by name and without quoting", async (_, files, message) => {
  const present = Object.entries(files).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const error = await readPodSecrets(mount(Object.fromEntries(present)), uid, "target").catch((error: unknown) => error)
  expect(error).toMatchObject({ name: "RecoveryError", message: expect.stringMatching(message) })
  expect(String((error as Error).stack)).not.toContain("s3cret")
})

function chap(): Record<string, string> {
  return JSON.parse(contents.target["chap.json"] ?? "") as Record<string, string>
}
