import { createHash } from "node:crypto"
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { homedir, tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { prepareAppliance } from "../../src/guest/appliance.ts"
import { run } from "../support/run.ts"

const sources = fileURLToPath(new URL("../../appliance", import.meta.url))
const caches = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "file-recovery/appliance")
let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "frk-appliance-"))
  // a cache of its own, except for the downloads
  await prepareAppliance()
  await mkdir(join(dir, "file-recovery/appliance"), { recursive: true })
  await symlink(join(caches, "debs"), join(dir, "file-recovery/appliance/debs"))
})

afterEach(() => rm(dir, { recursive: true, force: true }))

const build = (args: string[], folder = sources) =>
  run(join(folder, "build.sh"), args, { env: { ...process.env, XDG_CACHE_HOME: dir }, accept: undefined })

async function sums(folder: string): Promise<string[]> {
  const files = await Promise.all(["vmlinux", "initrd"].map((name) => readFile(join(folder, name))))
  return files.map((bytes) => createHash("sha256").update(bytes).digest("hex"))
}

/** A copy of the sources with one line of the lock changed. */
async function withLock(change: (lock: string) => string): Promise<string> {
  const folder = join(dir, "sources")
  await cp(sources, folder, { recursive: true })
  const lock = join(folder, "packages.lock")
  await writeFile(lock, change(await readFile(lock, "utf8")))
  return folder
}

describe("the appliance's build", () => {
  test("gives the same bytes again, and puts them where it is told", async () => {
    const out = join(dir, "out")
    const { code, stdout } = await build(["--out", out])
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${out}\n` })
    expect(await sums(out)).toEqual(await sums(join((await prepareAppliance()).kernel, "..")))
  })

  test("refuses a package that is not the locked one", async () => {
    const folder = await withLock((lock) => lock.replace(/^(dash \S+) \w{8}/m, "$1 00000000"))
    const { code, stderr } = await build([], folder)
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/dash \S+ was downloaded, but its sha256 is not the locked 0{8}/)
  })

  test("says which version is not in the archive, and what to do", async () => {
    const folder = await withLock((lock) => lock.replace(/^dash \S+ \w{8}/m, "dash 0.0.1-1 00000000"))
    const { code, stderr } = await build([], folder)
    expect(code).not.toBe(0)
    expect(stderr).toContain("dash=0.0.1-1")
    expect(stderr).toContain("--update")
  })
})
