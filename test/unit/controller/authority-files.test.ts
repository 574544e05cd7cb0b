import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { authorityFiles } from "../../../src/controller/authority-files.ts"
import { createMasterKey } from "../../../src/credentials/master-key.ts"
import { createAuthority } from "../../../src/pki/authority.ts"

let directory: string
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "authority-"))))
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function write(name: string): void {
  const day = 86_400_000
  const { certPem, keyPem } = createAuthority({ name, notBefore: new Date(), notAfter: new Date(Date.now() + day) })
  const files = { "ca.crt": certPem, "ca.key": keyPem, "master.key": createMasterKey() }
  for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text)
}

test("read once while they stay the same, anew when they were rotated", () => {
  write("first")
  const files = authorityFiles(directory)
  const [first, firstKey] = [files.authority(), files.masterKey()]
  expect([files.authority(), files.masterKey()]).toEqual([first, firstKey])
  write("second")
  expect(files.authority().certificate.subject).toBe("CN=second")
  expect(files.masterKey().equals(firstKey)).toBe(false)
})

test("what was good is kept while the files are gone or wrong", () => {
  write("first")
  const files = authorityFiles(directory)
  const first = files.authority()
  writeFileSync(join(directory, "ca.key"), "half a fi")
  expect(files.authority()).toBe(first)
  rmSync(directory, { recursive: true })
  expect(files.authority()).toBe(first)
})

test("never there: an error that names the files and says no word of a key", () => {
  expect(() => authorityFiles(directory).masterKey()).toThrow(join(directory, "master.key"))
  write("first")
  writeFileSync(join(directory, "master.key"), "hunter2")
  expect(() => authorityFiles(directory).masterKey()).toThrow(
    expect.not.objectContaining({ message: expect.stringContaining("hunter2") }),
  )
})
