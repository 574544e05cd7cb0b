import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { RecoveryError } from "../../src/api/reasons.ts"
import type { FileSource } from "../../src/files/source.ts"
import { directorySource } from "../support/directory-source.ts"
import { type RecoverLab, recoverLab } from "../support/recover-lab.ts"

/** Verbs of `kubectl recover` that list, of directories that can't be read to their end. Real ones: guest-streams.test.ts. */
let lab: RecoverLab
let root: string
/** The directory whose listings end with an error behind what can be read of it. */
let damaged: string

function damageable(source: FileSource): FileSource {
  const open = async (volume: string) => {
    const reader = await source.open(volume)
    async function* list(path: Buffer) {
      yield* reader.list(path)
      if (path.toString() === damaged) throw new RecoveryError("VolumeCorrupt", `${damaged} is damaged.`)
    }
    return { ...reader, list }
  }
  return { ...source, open }
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "damaged-"))
  mkdirSync(join(root, "a/deep"), { recursive: true })
  writeFileSync(join(root, "a/deep/file"), "deep\n")
  symlinkSync("deep/file", join(root, "a/link"))
  lab = await recoverLab(damageable(directorySource(root)))
  await lab.run(["create", "orders", "--from", "pvc/data-0", "--wait"])
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  rmSync(root, { recursive: true })
})

test.each([
  ["ls", "/a/deep", ["ls", "orders:/data/a/deep"], 1, /^file\n$/],
  ["ls -R, of the others as well", "/a/deep", ["ls", "-R", "orders:/data/a"], 0, /deep\/file\n/],
  ["tree", "/a", ["tree", "orders:/data/a"], 0, /deep\/\n│ {3}└── file\n[^]* link /],
])("what can be read is shown, and the error: %s", async (_, directory, args, code, shown) => {
  damaged = directory
  expect(await lab.run(args)).toMatchObject({
    code,
    out: expect.stringMatching(shown),
    err: expect.stringContaining(`${directory} is damaged.`),
  })
})
