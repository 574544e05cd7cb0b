import { execFileSync } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { FilesClient } from "../../src/client/files-client.ts"
import { dialLocal, type LocalSession } from "../../src/cli/client/local-session.ts"
import { displayName } from "../../src/files/names.ts"
import { cli, type RunningCli, startCli } from "../support/cli.ts"
import { dateFiles, datedFiles, nanosecondsOf } from "../support/guest/dated-files.ts"
import { run } from "../support/recover-lab.ts"

const odd = [
  "bad\xff\xfename",
  "new\nline",
  "-rf",
  "--help",
  " spaces ",
  "*?[a]",
  "'\"$x\\y",
  "\x1b[31m",
  "n".repeat(255),
]
  .map((name) => Buffer.from(name, "latin1"))
  .concat(Buffer.from("größe 文件 😀"))

let base: string
let open: RunningCli
let env: Record<string, string>
const tree = () => join(base, "tree")
const local = (args: string[]) => cli(args, env)
const sha256 = (path: string | Buffer) => createHash("sha256").update(readFileSync(path)).digest("hex")

/** All paths below a directory, each byte a character, sorted. */
function pathsBelow(root: string): string[] {
  return execFileSync("find", [".", "-print0"], { cwd: root, encoding: "latin1" }).split("\0").sort()
}

/** Two images: one with a whole-disk ext4 of the tree, one with nothing on it. */
async function makeImages(): Promise<void> {
  for (const folder of ["odd", "deep/er/still", "many", "dated", "etc"])
    mkdirSync(join(tree(), folder), { recursive: true })
  for (const name of odd) writeFileSync(Buffer.concat([Buffer.from(`${tree()}/odd/`), name]), name)
  for (let index = 0; index < 1200; index++) writeFileSync(join(tree(), "many", `f${index}`), "")
  writeFileSync(join(tree(), "big"), randomBytes(20_000_000))
  writeFileSync(join(tree(), "deep/er/still/file"), "deep", { mode: 0o640 })
  writeFileSync(join(tree(), "su"), "x", { mode: 0o4755 })
  writeFileSync(join(tree(), "sparse"), "")
  truncateSync(join(tree(), "sparse"), 8_000_000)
  linkSync(join(tree(), "deep/er/still/file"), join(tree(), "hard"))
  symlinkSync("deep/er/still/file", join(tree(), "link"))
  symlinkSync("../../../../etc/passwd", join(tree(), "escape"))
  for (const { name } of datedFiles) writeFileSync(join(tree(), "dated", name), name)
  // who listed by the time zone of the volume would wait for it for ever
  execFileSync("mkfifo", [join(tree(), "fifo"), join(tree(), "etc/localtime")])
  utimesSync(join(tree(), "big"), 1_234_567_890, 1_234_567_890)
  writeFileSync(join(base, "disk.img"), "")
  truncateSync(join(base, "disk.img"), 96 << 20)
  execFileSync("mke2fs", ["-q", "-t", "ext4", "-L", "TREE", "-d", tree(), join(base, "disk.img")])
  await dateFiles(join(base, "disk.img"), "/dated")
  writeFileSync(join(base, "blank.img"), Buffer.alloc(4 << 20))
}

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "open-"))
  env = { XDG_RUNTIME_DIR: join(base, "run") }
  await makeImages()
  open = startCli(["open", join(base, "disk.img"), join(base, "blank.img")], env)
  await open.said("Served until Ctrl-C")
})
afterAll(async () => {
  open.kill("SIGTERM")
  await open.ended
  rmSync(base, { recursive: true, force: true })
})

test("the volumes are shown as a table, and in full as JSON", async () => {
  const shown = await local(["ls", "local:/"])
  expect(shown.code).toBe(0)
  expect(shown.out.toString()).toMatch(/^VOLUME .*\n\/disk +Mounted +ext4 +TREE +96\.0 MiB .* disk disk\n/)
  expect(shown.out.toString()).toMatch(/\/blank +Unsupported .*\n\n\/blank: No file system/)
  const full = await local(["ls", "local:/", "-o", "json"])
  expect(JSON.parse(full.out.toString())).toMatchObject({
    disks: [{ name: "disk", sizeBytes: 96 << 20 }, { name: "blank" }],
    volumes: [
      { path: "disk", state: "Mounted", filesystem: "ext4" },
      { path: "blank", state: "Unsupported" },
    ],
  })
})

test("odd names are listed escaped, raw with --print0, and exact in JSON", async () => {
  const sorted = odd.toSorted((a, b) => a.compare(b))
  const shown = await local(["ls", "local:/disk/odd"])
  expect(shown.out.toString()).toBe(sorted.map((name) => `${displayName(name)}\n`).join(""))
  const raw = await local(["ls", "-0", "local:/disk/odd"])
  expect(raw.out).toEqual(Buffer.concat(sorted.flatMap((name) => [name, Buffer.alloc(1)])))
  const full = await local(["ls", "-o", "json", "local:/disk/odd"])
  const names = (JSON.parse(full.out.toString()) as { name: string }[]).map(({ name }) => unescape(name))
  expect(names.sort()).toEqual(odd.map((name) => name.toString("latin1")).sort())
})

test("a name is copied as it was listed", async () => {
  const into = mkdtempSync(join(base, "names-"))
  const places = odd.map((name) => `local:/disk/odd/${displayName(name)}`)
  expect(await local(["cp", ...places, into])).toMatchObject({ code: 0 })
  for (const name of odd) expect(readFileSync(Buffer.concat([Buffer.from(`${into}/`), name]))).toEqual(name)
})

test("a file is copied with its content, mode and time", async () => {
  const to = join(base, "big.copy")
  expect(await local(["cp", "local:/disk/big", to])).toMatchObject({ code: 0, out: Buffer.alloc(0) })
  expect(sha256(to)).toBe(sha256(join(tree(), "big")))
  expect(statSync(to)).toMatchObject({ mtimeMs: 1_234_567_890_000, mode: statSync(join(tree(), "big")).mode })
  expect((await local(["cp", "local:/disk/link", "-"])).out.toString()).toBe("deep")
})

test("a directory is copied with everything but what nobody asked for", async () => {
  const to = join(base, "copy")
  const { code, err } = await local(["cp", "-r", "local:/disk", to])
  expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining("device nodes and fifos left out: 2") })
  rmSync(join(to, "lost+found"), { recursive: true })
  expect(pathsBelow(to)).toEqual(pathsBelow(tree()).filter((path) => !["./fifo", "./etc/localtime"].includes(path)))
  for (const path of ["big", "hard", "sparse"]) expect(sha256(join(to, path))).toBe(sha256(join(tree(), path)))
  expect(lstatSync(join(to, "escape")).isSymbolicLink()).toBe(true)
  expect(statSync(join(to, "su")).mode).toBe(0o100755)
  expect(statSync(join(to, "hard")).ino).toBe(statSync(join(to, "deep/er/still/file")).ino)
  expect(statSync(join(to, "sparse")).blocks).toBeLessThan(2000)
})

test("an archive holds what tar would have put into it", async () => {
  const file = join(base, "deep.tar")
  expect(await local(["tar", "local:/disk/deep", "-f", file])).toMatchObject({ code: 0 })
  const into = mkdtempSync(join(base, "untar-"))
  execFileSync("tar", ["-x", "-C", into, "-f", file])
  execFileSync("diff", ["-r", join(tree(), "deep"), join(into, "deep")])
  const piped = await local(["tar", "local:/disk/deep", "-f", "-"])
  expect(execFileSync("tar", ["-t"], { input: piped.out }).toString()).toContain("deep/er/still/file\n")
})

test("copies are verified, compared, searched and hashed: all verbs on a real guest", async () => {
  // in this process, which spares a start of Node for each
  const before = process.env["XDG_RUNTIME_DIR"]
  process.env["XDG_RUNTIME_DIR"] = env["XDG_RUNTIME_DIR"]
  const into = mkdtempSync(join(base, "verbs-"))
  const manifest = join(into, "manifest")
  const copied = await run(["cp", "-r", "--verify", "--xattrs", "local:/disk/odd", "local:/disk/deep", into])
  const found = await run(["find", "local:/", "--name", "big", "--min-size", "19M"])
  const different = await run(["diff", "--checksum", "local:/disk/odd", join(into, "odd")])
  const hashed = await run(["sha256", "local:/disk/deep", "-f", manifest])
  const drawn = await run(["tree", "local:/disk/deep"])
  const zip = await run(["tar", "local:/disk/deep", "local:/disk/hard", "-f", "-", "--format", "zip"])
  const audit = await run(["audit", "show", "local"])
  process.env["XDG_RUNTIME_DIR"] = before
  expect([copied.code, copied.err]).toEqual([0, expect.stringContaining(`verified: ${odd.length} files`)])
  expect([found.code, found.out]).toEqual([0, "local:/disk/big\n"])
  expect([different.code, different.out]).toEqual([0, ""])
  expect([hashed.code, execFileSync("sha256sum", ["-c", manifest], { cwd: tree() }).toString()]).toEqual([
    0,
    "deep/er/still/file: OK\n",
  ])
  expect(drawn.out).toContain("        └── file\n\n2 directories, 1 file\n")
  expect([zip.code, zip.bytes.subarray(0, 2).toString()]).toEqual([0, "PK"])
  expect(audit.out).toMatch(/"event":"Search".*"outcome":"Ok"/)
})

test("times of any year are listed, found and copied as they are", async () => {
  const before = process.env["XDG_RUNTIME_DIR"]
  process.env["XDG_RUNTIME_DIR"] = env["XDG_RUNTIME_DIR"]
  const into = mkdtempSync(join(base, "dated-"))
  const place = "local:/disk/dated"
  const listed = await run(["ls", "-o", "json", place])
  const long = await run(["ls", "-l", place])
  const found = await run(["find", place, "-o", "json"])
  const old = await run(["find", place, "--older", "1970-01-01T00:00:00Z"])
  const copied = await run(["cp", ...datedFiles.map(({ name }) => `${place}/${name}`), into])
  const different = await run(["diff", place, into])
  process.env["XDG_RUNTIME_DIR"] = before
  const times = ({ out }: { out: string }) =>
    (JSON.parse(out) as { name: string; mtime: string }[]).map(({ name, mtime }) => `${name} ${mtime}`).sort()
  const expected = datedFiles.map(({ name, text }) => `${name} ${text}`)
  expect([times(listed), times(found)]).toEqual([expected, expected])
  for (const { text } of datedFiles) expect(long.out).toContain(` ${text.replace("T", " ").slice(0, -1)}  `)
  expect(old.out.split("\n").sort()).toEqual(["", `${place}/1960`, `${place}/1969`])
  expect([copied.code, different]).toEqual([0, expect.objectContaining({ code: 0, out: "" })])
  for (const { name, text } of datedFiles) {
    const { mtimeNs } = statSync(join(into, name), { bigint: true })
    // Node gives a time to the system as a number: two microseconds are the most that is lost, in 2446
    expect({ name, isClose: Math.abs(Number(mtimeNs - nanosecondsOf(text))) < 2000 }).toEqual({ name, isClose: true })
  }
})

test.each([
  ["a missing file", ["cp", "local:/disk/nope", "x"], 3, "PathNotFound"],
  ["a missing volume", ["ls", "local:/nope"], 3, "PathNotFound"],
  ["a directory without -r", ["cp", "local:/disk/deep", "x"], 1, "IsADirectory"],
  ["a volume without files", ["ls", "local:/blank"], 1, "VolumeUnsupported"],
  ["a link out of the volume", ["cp", "local:/disk/escape", "x"], 3, "PathNotFound"],
  ["a fifo", ["cp", "local:/disk/fifo", "x"], 5, "AccessDenied"],
  ["a way up", ["ls", "local:/disk/../x"], 5, "UnsafePath"],
  ["a session that isn't open", ["ls", "local.other:/"], 3, "SessionNotFound"],
  ["a destination that isn't there", ["cp", "local:/disk/su", "/nonexistent/x"], 2, "UsageError"],
  ["a flag nobody knows", ["ls", "--frobnicate", "local:/"], 2, "unknown option"],
  ["no verb", [], 2, "Usage"],
  ["an image that isn't there", ["open", "--name", "local.none", "/nonexistent.img"], 1, "DiskUnreadable"],
])("%s is told, with its exit code", async (_, args, code, words) => {
  const answer = await local(args)
  expect(answer).toMatchObject({ code, err: expect.stringContaining(words) })
  expect(existsSync("x")).toBe(false)
})

test("the session file is for its owner only, and its password opens nothing else", async () => {
  const file = join(base, "run/file-recovery/local.json")
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const { port, uid, ca, username, password } = JSON.parse(readFileSync(file, "utf8")) as LocalSession
  const wrong = new FilesClient({ dial: dialLocal(port), ca, sessionUid: uid, username, password: `${password}x` })
  await expect(wrong.volumes()).rejects.toMatchObject({ code: "LoginRefused" })
  expect(execFileSync("ps", ["-p", String(open.pid), "-o", "args="]).toString()).not.toContain(password)
})

test("many aborted readings leave the service as it was", async () => {
  const { port, uid, ca, username, password } = JSON.parse(
    readFileSync(join(base, "run/file-recovery/local.json"), "utf8"),
  ) as LocalSession
  const client = new FilesClient({ dial: dialLocal(port), ca, sessionUid: uid, username, password })
  const whole = { volume: "disk", components: [] }
  for (let round = 0; round < 12; round++) {
    // leaving the loop ends the request, and with it what the guest does for it
    for await (const _ of await client.tar(whole)) break
    const { body } = await client.content({ ...whole, components: [Buffer.from("big")] }, { start: round * 1000 })
    for await (const _ of body) break
  }
  const { body } = await client.content(
    { ...whole, components: [Buffer.from("big")] },
    { start: 19_999_990, end: 19_999_995 },
  )
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  expect(Buffer.concat(chunks)).toEqual(readFileSync(join(tree(), "big")).subarray(19_999_990, 19_999_995))
  client.close()
})

test("a second one of the same name is refused, the first goes on", async () => {
  const again = await local(["open", join(base, "disk.img")])
  expect(again).toMatchObject({ code: 2, err: expect.stringContaining("is open already") })
  expect(await local(["ls", "local:/disk/deep"])).toMatchObject({ code: 0, out: Buffer.from("er/\n") })
})

test("with a verb it runs that and ends; nothing of it is left", async () => {
  const image = join(base, "disk.img")
  const before = sha256(image)
  const answer = await local(["open", "-q", image, "--", "ls", "/disk/deep/er"])
  expect(answer).toEqual({ code: 0, out: Buffer.from("still/\n"), err: "" })
  expect(await local(["open", "-q", image, "--", "ls", "/disk/nope"])).toMatchObject({ code: 3 })
  expect(readdirSync(join(base, "run/file-recovery"))).toEqual(["local.json"])
  expect(sha256(image)).toBe(before)
})

test("Ctrl-C ends it well, and leaves no process, socket or file", async () => {
  const second = startCli(["open", "-o", "json", "--name", "local.second", join(base, "disk.img")], env)
  await second.said("Served until Ctrl-C")
  const children = () =>
    execFileSync("pgrep", ["-P", String(second.pid)])
      .toString()
      .trim()
      .split("\n")
  const [qemu = ""] = children()
  second.kill("SIGINT")
  const { code, out } = await second.ended
  expect(code).toBe(0)
  expect(JSON.parse(out.toString())).toMatchObject({ volumes: [{ path: "disk" }] })
  expect(existsSync(`/proc/${qemu}`)).toBe(false)
  expect(readdirSync(join(base, "run/file-recovery"))).toEqual(["local.json"])
})
