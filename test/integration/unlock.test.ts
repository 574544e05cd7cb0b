import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { Sensitive } from "../../src/observability/sensitive.ts"
import { cli, type CliAnswer } from "../support/cli.ts"
import { copyImage } from "../support/guest/images.ts"
import { startTestGuest } from "../support/guest/test-guest.ts"
import { dirtyFiles, vmImages } from "../support/guest/vm-images.ts"
import { type LoggedProcess, portOf, stopAll } from "../support/process.ts"
import { askFiles, startFiles, startGuest, startTarget } from "../support/restore-pods.ts"
import { makeSession, type TestSession } from "../support/session.ts"

/** Keys on their way from a mounted Secret, or a file of this machine, to what they open, and to nowhere else. */
const patience = { timeout: 90_000, interval: 100 }
const wrong = "a key that opens nothing"
let session: TestSession
let luks: string
let dirty: string

beforeEach(async () => {
  const images = await vmImages()
  session = makeSession()
  luks = join(session.dir, "luks.img")
  dirty = join(session.dir, "dirty.img")
  await copyImage(join(images, "luks.img"), luks)
  await copyImage(join(images, "dirty-xfs.img"), dirty)
})
afterEach(async () => {
  await stopAll()
  session.remove()
})

/** As the kubelet mounts them: absent ones are empty directories. */
function mountKeys(...keys: (string | undefined)[]): string[] {
  const dir = join(session.dir, "unlock")
  for (const [index, key] of keys.entries()) {
    mkdirSync(join(dir, String(index)), { recursive: true })
    if (key !== undefined) writeFileSync(join(dir, String(index), "key"), key)
  }
  return [`--unlock-dir=${dir}`, ...keys.map((_, index) => `--unlock=disk-keys/k${index}`)]
}

async function runSession(disk: string, flags: string[]) {
  const target = startTarget(session, disk)
  const guest = startGuest(session)
  const files = startFiles(session, await portOf(target, "serving"), 1, flags)
  const restore = session.control("restore", await portOf(files, "control listens"))
  await expect.poll(async () => (await restore.status()).state, patience).toBe("Ready")
  const { volumes } = await restore.status()
  return { files, guest, volumes, port: await portOf(files, "ready") }
}

/** All that a process says, and was told for everybody to see. */
const everything = (...processes: LoggedProcess[]) =>
  processes.map(
    (one) => one.output() + ["cmdline", "environ"].map((file) => readFileSync(`/proc/${one.pid}/${file}`)).join(),
  )

test("a Secret's key opens the volume, and is in no log, argument or environment", async () => {
  const { volumes, port, files, guest } = await runSession(luks, mountKeys(undefined, wrong, "secret\n"))
  expect(volumes).toMatchObject([{ filesystem: "ext4", state: "Mounted", stack: ["disk data-0", "unlocked"] }])
  const { status, body } = await askFiles(session, port, "/v1/volumes/data-0/content?path=%2Ff7")
  expect([status, body.toString()]).toEqual([200, "7"])
  for (const text of everything(files, guest)) expect(text).not.toMatch(new RegExp(`${wrong}|secret\\n|c2VjcmV0`))
})

test("without one that fits the session is ready all the same, and says what came of each", async () => {
  const { volumes, port, files, guest } = await runSession(luks, mountKeys(wrong, undefined))
  const message = "Encrypted with LUKS. Does not fit: key k0 of Secret disk-keys. Absent: key k1 of Secret disk-keys."
  expect(volumes).toMatchObject([{ kind: "encrypted", state: "Locked", reason: "VolumeLocked", message }])
  const { status, body } = await askFiles(session, port, "/v1/volumes/data-0/content?path=%2Ff7")
  expect([status, JSON.parse(body.toString())]).toMatchObject([409, { code: "VolumeLocked" }])
  for (const text of everything(files, guest)) expect(text).not.toContain(wrong)
})

test("a journal that is to be skipped is not replayed", async () => {
  const { volumes, port } = await runSession(dirty, ["--journal=Skip"])
  expect(volumes).toMatchObject([{ filesystem: "xfs", state: "Mounted", journal: "Skipped" }])
  const last = `/v1/volumes/data-0/content?path=${encodeURIComponent(`/written/f${dirtyFiles - 1}`)}`
  expect((await askFiles(session, port, last)).status).toBe(404)
})

const open = (...args: string[]): Promise<CliAnswer> =>
  cli(["open", "-q", ...args], { XDG_RUNTIME_DIR: join(session.dir, "run") })

test("on this machine: key files, one of them right", async () => {
  const [bad, good] = ["bad", "good"].map((name) => join(session.dir, name)) as [string, string]
  writeFileSync(bad, wrong)
  writeFileSync(good, "secret\n")
  const { code, out, err } = await open(luks, "--key-file", bad, "--key-file", good, "--", "cp", "/luks/f7", "-")
  expect([code, out.toString(), err]).toEqual([0, "7", ""])
})

test("on this machine: no such key file", async () => {
  const { code, err } = await open(luks, "--key-file", "/no/such")
  expect([code, err]).toEqual([2, expect.stringContaining("The key file /no/such can't be read (ENOENT).")])
})

test("on this machine: the key from stdin, and a journal skipped", async () => {
  const script = `printf secret | "$0" "$1" open -q "$2" "$3" --key-file - --journal skip -- ls /`
  const program = join(import.meta.dirname, "../../src/cli.ts")
  const out = execFileSync("sh", ["-c", script, process.execPath, program, luks, dirty], {
    env: { ...process.env, XDG_RUNTIME_DIR: join(session.dir, "run") },
    encoding: "utf8",
  })
  expect(out).toMatch(/^\/dirty +Mounted +xfs .*disk dirty$/m)
  expect(out).toMatch(/^\/luks +Mounted +ext4 .*disk luks > unlocked$/m)
  for (const volume of ["dirty", "luks"]) expect(out).toContain(`\n/${volume}: Its journal was skipped.\n`)
})

/** Types this when it is asked for a key, on a terminal; says what that showed, and the exit code. */
async function typing(keys: string): Promise<{ shown: string; code: number | null }> {
  const command = [process.execPath, "src/cli.ts", "open", luks, "--key-file", "-", "--key-file", "/no/such"].join(" ")
  const terminal = spawn("script", ["--quiet", "--return", "--flush", "--command", command, "/dev/null"])
  let shown = ""
  terminal.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text
    if (shown.endsWith("Key of the encrypted volume: ")) terminal.stdin.write(keys)
  })
  const [code] = (await once(terminal, "close")) as [number | null]
  return { shown, code }
}

test.each([
  ["a key that is typed is not shown", "typed\x7f\x7f\r", 2, "The key file /no/such can't be read"],
  ["Ctrl-C instead of a key", "ty\x03", 130, "Interrupted"],
])("on this machine: %s", async (_, keys, expected, words) => {
  const { shown, code } = await typing(keys)
  expect([code, shown]).toEqual([expected, expect.stringContaining(words)])
  expect(shown).not.toContain("ty")
})

test("a key that takes too long is given up, those after it are not tried, and the guest goes on", async () => {
  const keys = ["first", "second"].map((name) => ({ name, value: new Sensitive(Buffer.from(wrong)) }))
  const vm = await startTestGuest([luks], { keys, timeouts: { keyMs: 100, keysMs: 100 } })
  try {
    // on a machine that is busy it may have had no CPU either, and says so
    const message =
      /^Encrypted with LUKS\. Not tried to the end within 0\.1 s(?: of CPU, .*)?: first\. Not tried, as the others have taken too long: second\.$/
    expect(vm.guest.catalogue().volumes).toMatchObject([{ state: "Locked", message: expect.stringMatching(message) }])
    await vm.guest.powerOff()
    expect(await vm.guest.closed).toMatchObject({ asked: true })
  } finally {
    await vm.stop()
  }
})
