import { execFileSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest"
import { RecoveryError } from "../../src/api/reasons.ts"
import type { FileSource } from "../../src/files/source.ts"
import { verifyCopy } from "../../src/cli/copy/verify.ts"
import { directorySource } from "../support/directory-source.ts"
import { fileServiceLab } from "../support/file-service.ts"
import { type RecoverLab, recoverLab } from "../support/recover-lab.ts"

/** `kubectl recover cp`: what breaks off goes on, what was copied is verified, and copies go into running pods. */
let lab: RecoverLab
let root: string
let into: string
const big = randomBytes(5_000_000)
const run = (...args: string[]) => lab.run(args)
const long = "n".repeat(120)

/** From which byte on files can't be read; none: all can. */
let breakAfter: number | undefined
const breaking = (source: FileSource): FileSource => ({
  ...source,
  open: async (volume) => {
    const reader = await source.open(volume)
    return {
      ...reader,
      async *read(path, range) {
        const end = Math.max(range.start, Math.min(range.end, breakAfter ?? Infinity))
        yield* reader.read(path, { ...range, end })
        if (end < range.end) throw new RecoveryError("ConnectionLost", "The disk is gone.")
      },
    }
  },
})

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "cp-"))
  writeFileSync(join(root, "big"), big, { mode: 0o640 })
  utimesSync(join(root, "big"), 1_234_567_890, 1_234_567_890)
  mkdirSync(join(root, "tree/deep"), { recursive: true })
  writeFileSync(join(root, "tree/deep/file"), "deep")
  writeFileSync(join(root, `tree/${long}`), "long", { mode: 0o4755 })
  writeFileSync(Buffer.concat([Buffer.from(join(root, "tree/")), Buffer.from("bad\xff\n\\name", "latin1")]), "odd")
  linkSync(join(root, "tree/deep/file"), join(root, "tree/hard"))
  symlinkSync(`/nonexistent/${long}`, join(root, "tree/link"))
  lab = await recoverLab(breaking(directorySource(root)))
  await run("create", "orders", "--from", "pvc/data-0", "--wait")
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  rmSync(root, { recursive: true })
})
beforeEach(() => {
  breakAfter = undefined
  into = mkdtempSync(join(tmpdir(), "into-"))
  return () => rmSync(into, { recursive: true })
})

test("what was interrupted goes on where it was, and nothing but the file is left", async () => {
  const stop = new AbortController()
  breakAfter = 3_000_000
  const said = (err: string) => void (err.includes("waiting") && stop.abort())
  const first = await lab.run(["cp", "orders:/data/big", into], { signal: stop.signal, said })
  expect([first.code, first.err]).toEqual([130, expect.stringContaining("the same command goes on from there")])
  const [part = ""] = readdirSync(into)
  expect(part).toMatch(/^\.big\.[0-9a-f]{16}\.\d+\.part$/)
  const { size } = statSync(join(into, part))
  expect(size).toBeGreaterThanOrEqual(3_000_000)
  breakAfter = undefined
  // as if it had been another process, that is gone
  renameSync(join(into, part), join(into, part.replace(/\d+\.part$/, "999999999.part")))
  const second = await run("cp", "--verify", "orders:/data/big", into)
  expect([second.code, second.err]).toEqual([0, expect.stringMatching(/going on at .*\n[^]*verified: 1 file\n/)])
  expect([readdirSync(into), readFileSync(join(into, "big")).equals(big)]).toEqual([["big"], true])
  expect(statSync(join(into, "big"))).toMatchObject({ mtimeMs: 1_234_567_890_000, mode: 0o100640 })
})

test("a part that is none of ours is never written to", async () => {
  const stop = new AbortController()
  breakAfter = 3_000_000
  await lab.run(["cp", "orders:/data/big", into], {
    signal: stop.signal,
    said: (err) => void (err.includes("waiting") && stop.abort()),
  })
  breakAfter = undefined
  const [part = ""] = readdirSync(into)
  rmSync(join(into, part))
  writeFileSync(join(into, "precious"), "precious")
  const left = join(into, part.replace(/\d+\.part$/, "999999999.part"))
  linkSync(join(into, "precious"), left)
  expect((await run("cp", "orders:/data/big", into)).code).toBe(0)
  symlinkSync(join(into, "precious"), left)
  expect((await run("cp", "orders:/data/big", into)).code).toBe(0)
  expect(readFileSync(join(into, "precious"), "utf8")).toBe("precious")
})

test("a tree is verified, file by file", async () => {
  expect(await run("cp", "-r", "--verify", "orders:/data/tree", into)).toMatchObject({
    code: 0,
    err: expect.stringContaining("verified: 4 files"),
  })
})

test("a copy that is another, or not all there, is named, with a code of its own", async () => {
  await using service = await fileServiceLab(directorySource(root))
  const to = { directory: Buffer.from(into), name: Buffer.from("tree") }
  mkdirSync(join(into, "tree"))
  writeFileSync(join(into, "tree/hard"), "deep")
  writeFileSync(join(into, `tree/${long}`), "other")
  symlinkSync(join(root, "tree/deep"), join(into, "tree/deep"))
  const told: string[] = []
  const place = { volume: "data", components: [Buffer.from("tree")] }
  const files = service.client()
  const { signal } = new AbortController()
  const verified = await verifyCopy(
    files,
    place,
    { to, isTree: true, signal, progress: () => undefined },
    (name, why) => told.push(`${name}: ${why}`),
  )
  files.close()
  expect(verified).toEqual({ files: 4, different: 2 })
  expect(told.sort()).toEqual(["tree/bad\\xff\\x0a\\\\name: it is not here", `tree/${long}: its content is another`])
})

test("into a pod: a file, with mode and time", async () => {
  const { code, err } = await run("cp", "orders:/data/big", `web-0:${into}`)
  expect([code, err]).toEqual([0, expect.stringContaining("copied: 1 file, 4.8 MiB")])
  expect(readFileSync(join(into, "big")).equals(big)).toBe(true)
  expect(statSync(join(into, "big"))).toMatchObject({ mtimeMs: 1_234_567_890_000, mode: 0o100640 })
})

test("into a pod: trees, with every name, links as links, and no set-user-ID bit", async () => {
  const { code, err } = await run(
    "cp",
    "-r",
    "orders:/data/tree",
    "orders:/data/tree/deep",
    `pod/web-0:${into}`,
    "-c",
    "app",
  )
  expect([code, err]).toEqual([0, expect.stringContaining("copied:")])
  const names = readdirSync(join(into, "tree"), { encoding: "latin1" }).sort()
  expect(names).toEqual(["bad\xff\n\\name", "deep", "hard", "link", long])
  expect(readFileSync(join(into, "tree/deep/file"), "utf8")).toBe("deep")
  expect(statSync(join(into, "tree/hard")).ino).toBe(statSync(join(into, "tree/deep/file")).ino)
  expect(lstatSync(join(into, "tree/link")).isSymbolicLink()).toBe(true)
  expect(statSync(join(into, "tree", long)).mode).toBe(0o100755)
  expect(existsSync(join(into, "deep/file"))).toBe(true)
})

test.each([
  ["a directory that isn't there", "web-0:/nonexistent/x", 1, /tar in pod shop\/web-0 failed: .*nonexistent/],
  ["a container without tar", "bare:/tmp", 1, /The container in pod shop\/bare has no tar/],
  ["a pod that isn't there", "nobody:/tmp", 1, /There is no running pod shop\/nobody/],
])("into %s: told", async (_, dest, code, words) => {
  const answer = await run("cp", "orders:/data/big", dest)
  expect([answer.code, answer.err]).toEqual([code, expect.stringMatching(words)])
})

test.each([
  ["a container of this machine", ["orders:/data/big", ".", "-c", "x"]],
  ["verifying a pod", ["orders:/data/big", "web-0:/tmp", "--verify"]],
  ["no destination", ["orders:/data/big"]],
])("usage: %s", async (_, args) => expect((await run("cp", ...args)).code).toBe(2))

test("diff: with a directory of this machine, a pod's, and another session", async () => {
  execFileSync("cp", ["-a", join(root, "tree"), into])
  expect(await run("diff", "orders:/data/tree", join(into, "tree"))).toMatchObject({ code: 0, out: "" })
  expect(await run("diff", "orders:/data/tree", `pod/web-0:${into}/tree`)).toMatchObject({ code: 0, out: "" })
  expect(await run("diff", "orders:/data/tree", "shop/orders:/data/tree", "--checksum")).toMatchObject({
    code: 0,
    out: "",
  })
  writeFileSync(join(into, "tree/deep/file"), "DEEP")
  writeFileSync(join(into, "tree/new\x1b[2J"), "")
  rmSync(join(into, "tree/link"))
  for (const other of [join(into, "tree"), `pod/web-0:${into}/tree`]) {
    const { code, out } = await run("diff", "--checksum", "orders:/data/tree", other)
    expect([code, out]).toEqual([6, "~ deep/file: content\n~ hard: content\n- link\n+ new\\x1b[2J\n"])
  }
  const { code, out } = await run("diff", "orders:/data/tree/deep", join(into, "tree/deep"), "-o", "json")
  expect([code, JSON.parse(out)]).toEqual([
    6,
    [expect.objectContaining({ path: "/file", change: "changed", fields: ["mtime"] })],
  ])
  expect(await run("diff", "-q", "--checksum", "orders:/data/tree", into)).toMatchObject({ code: 6, out: "" })
})

test.each([
  ["a directory that isn't there", ["orders:/data/tree", "/nonexistent"], 3],
  ["one in a pod", ["orders:/data/tree", "pod/web-0:/nonexistent"], 1],
  ["a container without tar", ["orders:/data/tree", "pod/bare:/tmp"], 1],
  ["a place that isn't there", ["orders:/data/nope", "."], 3],
])("diff with %s: told", async (_, args, code) => expect((await run("diff", ...args)).code).toBe(code))
