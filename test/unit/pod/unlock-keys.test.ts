import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pino } from "pino"
import { afterEach, beforeEach, expect, test } from "vitest"
import { readUnlockKeys } from "../../../src/pod/unlock-keys.ts"

let dir: string
let logged: string
const log = pino({}, { write: (line) => (logged += line) })

beforeEach(async () => {
  logged = ""
  dir = await mkdtemp(join(tmpdir(), "frk-keys-"))
})
afterEach(() => rm(dir, { recursive: true }))

test("keys are read byte for byte; those of absent Secrets, and absent keys, are known to be absent", async () => {
  const value = Buffer.from("\0\xff binary\n", "latin1")
  await mkdir(join(dir, "0"))
  await mkdir(join(dir, "2"))
  await writeFile(join(dir, "2", "key"), value)
  const secrets = ["no-such-key", "no-such-secret", "there"].map((name) => ({ name, key: "k" }))
  const keys = await readUnlockKeys(dir, secrets, log)
  expect(keys.map((key) => ({ ...key, value: key.value?.reveal() }))).toEqual([
    { name: "key k of Secret no-such-key", value: undefined },
    { name: "key k of Secret no-such-secret", value: undefined },
    { name: "key k of Secret there", value },
  ])
  expect(logged).toMatch(/"secret":"no-such-key".*"code":"ENOENT"/)
  expect(logged).not.toContain("binary")
})
