import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { AuditTrail } from "../../src/files/audit/trail.ts"
import { directorySource } from "../support/directory-source.ts"
import { type RecoverLab, recoverLab, run as runHere } from "../support/recover-lab.ts"

/** The verbs of `kubectl recover` that read files, through an API server and a file service in this process. */
let lab: RecoverLab
let root: string
let into: string
const run = (...args: string[]) => lab.run(args)
const terminal = (...args: string[]) => lab.run(args, { terminal: true })
const from = ["--from", "pvc/data-0"]

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "files-"))
  into = mkdtempSync(join(tmpdir(), "into-"))
  mkdirSync(join(root, "a/deep"), { recursive: true })
  writeFileSync(join(root, "a/deep/file"), "deep\n")
  writeFileSync(join(root, "a/z\x1b[2J"), "")
  symlinkSync("deep/file", join(root, "a/link"))
  writeFileSync(join(root, "text"), "one\r\ntwo \x1b[31mred\n\xff", "latin1")
  writeFileSync(join(root, "binary"), Buffer.from([1, 0, 2]))
  lab = await recoverLab(directorySource(root))
  await run("create", "orders", ...from, "--wait")
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  for (const directory of [root, into]) rmSync(directory, { recursive: true })
})

test("tree draws what is there, escaped, and counts it", async () => {
  const { code, out, err } = await run("tree", "orders:/data/a")
  expect([code, err]).toEqual([0, ""])
  expect(out).toBe(`orders:/data/a
├── deep/
│   └── file
├── link -> deep/file
└── z\\x1b[2J

1 directory, 3 files
`)
  expect((await run("tree", "orders:/", "-L", "2", "-d")).out).toBe(`orders:/
└── data/
    └── a/

2 directories
`)
})

test("tree stops where it is told to, and says so", async () => {
  const { code, out, err } = await run("tree", "orders:/data", "--most", "2")
  expect([code, out.split("\n").length]).toEqual([0, 6])
  expect(err).toBe("Stopped after 2 lines; see --most and --level.\n")
})

test("cat: every byte as it is, several files, and the others where one fails", async () => {
  const { code, bytes } = await run("cat", "orders:/data/text", "orders:/data/binary")
  expect([code, bytes]).toEqual([0, Buffer.concat([readFileSync(join(root, "text")), Buffer.from([1, 0, 2])])])
  const { code: failed, out, err } = await run("cat", "orders:/data/nope", "orders:/data/a/deep/file")
  expect([failed, out, err]).toEqual([
    1,
    "deep\n",
    expect.stringMatching(/^orders:\/data\/nope: .*\nerror: 1 of 2 files/),
  ])
})

test("cat to a terminal: control characters escaped, nothing of a binary file unless forced", async () => {
  expect((await terminal("cat", "orders:/data/text")).out).toBe("one\ntwo \\x1b[31mred\n\\xff")
  expect(await terminal("cat", "orders:/data/binary")).toMatchObject({ code: 5, out: "" })
  expect((await terminal("cat", "--force", "orders:/data/binary")).bytes).toEqual(Buffer.from([1, 0, 2]))
})

test("find: as it is found, as places that other verbs take, for programs as well", async () => {
  const { code, out, err } = await run("find", "orders:/", "--name", "z*")
  expect([code, out, err]).toEqual([0, "orders:/data/a/z\\x1b[2J\n", ""])
  expect((await run("find", "orders:/data/a", "--type", "l", "-l")).out).toMatch(
    /^lrwx.* orders:\/data\/a\/link -> deep\/file\n$/,
  )
  expect((await run("find", "orders:/data", "--name", "*\\x1b*", "-0")).out).toBe("/data/a/z\x1b[2J\0")
  const all = JSON.parse((await run("find", "orders:/", "--type", "file", "-o", "json")).out) as { path: string }[]
  expect(all.map(({ path }) => path).sort()).toEqual(["/a/deep/file", "/a/z%1B%5B2J", "/binary", "/text"])
  expect(JSON.parse((await run("find", "orders:/", "--name", "nope", "-o", "json")).out)).toEqual([])
})

test("find: by size and time, and no more than are wanted", async () => {
  expect((await run("find", "orders:/data", "--type", "f", "--max-size", "3", "--min-size", "1")).out).toBe(
    "orders:/data/binary\n",
  )
  expect((await run("find", "orders:/data", "--older", "1h-ago")).out).toBe("")
  const { out, err } = await run("find", "orders:/data", "--newer", "1h-ago", "--most", "2")
  expect([out.split("\n").length, err]).toEqual([3, "Stopped after 2; there may be more. See --most.\n"])
})

test.each([
  ["a type", "--type", "x"],
  ["a size", "--min-size", "many"],
  ["a time", "--newer", "lately"],
  ["a volume", "orders:/nope", "--name=x"],
])("find refuses what isn't known: %s", async (_, ...args) => {
  const place = args.some((arg) => arg.startsWith("orders:")) ? [] : ["orders:/"]
  expect((await run("find", ...place, ...args)).code).toBe(place.length > 0 ? 2 : 3)
})

test("sha256: a manifest that sha256sum takes, checked again, and what is another named", async () => {
  const manifest = join(into, "manifest")
  expect(await run("sha256", "orders:/data", "-f", manifest)).toMatchObject({ code: 0, out: "" })
  execFileSync("sha256sum", ["--quiet", "-c", manifest], { cwd: root })
  const { out } = await run("sha256", "orders:/data/binary", "-o", "json")
  expect(JSON.parse(out)).toMatchObject([
    { volume: "data", name: "binary", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
  ])
  const checked = await run("sha256", "--check", manifest, "orders:/data")
  expect([checked.code, checked.out]).toEqual([0, expect.stringContaining("a/z\\x1b[2J: OK\n")])
  const text = readFileSync(manifest, "latin1")
  const changed = text.replace(/^.{64}(?= {2}binary)/m, "0".repeat(64)).replace("  text", "  gone")
  writeFileSync(manifest, changed, "latin1")
  const differs = await run("sha256", "-q", "--check", manifest, "orders:/data")
  expect([differs.code, differs.out.split("\n").sort()]).toEqual([
    6,
    ["", "binary: FAILED", "gone: FAILED: it is not there"],
  ])
  expect((await run("sha256", "--check", manifest, "orders:/data/a")).code).toBe(2)
})

test("sha256 to a terminal: no name plays with it", async () => {
  expect((await terminal("sha256", "orders:/data/a")).out).toContain("  a/z\\x1b[2J\n")
})

test.each([
  ["both.tar", "tar", ["-tf"]],
  ["both.tar.zst", "tar", ["--zstd", "-tf"]],
])("several paths of a volume in one archive: %s", async (name, program, flags) => {
  const file = join(into, name)
  expect((await run("tar", "orders:/data/a/deep", "orders:/data/text", "-f", file)).code).toBe(0)
  const names = execFileSync(program, [...flags, file]).toString()
  expect(names).toMatch(/a\/deep\/file\n/)
  expect(names).toMatch(/text\n/)
})

test("an archive is of one volume, in a format there is", async () => {
  expect((await run("tar", "orders:/data/a", "orders:/other/b", "-f", "-")).code).toBe(2)
  expect((await run("tar", "orders:/data/a", "-f", "-", "--format", "rar")).code).toBe(2)
  expect((await run("tar", "orders:/data/a", "-f", "-", "--format", "zip")).bytes.subarray(0, 2)).toEqual(
    Buffer.from("PK"),
  )
})

test("audit: what is shown of the log is verified, and a changed record found", async () => {
  const trail: string[] = []
  const audit = new AuditTrail({ session: "5f0c3a52-7d5e-4a5e-9f4e-000000000001", write: (line) => trail.push(line) })
  audit.record({ event: "List", via: "https", who: "password:recover", volume: "data", path: ["/a"], outcome: "Ok" })
  lab.api.fault = (_, response, url) => {
    if (!url.pathname.endsWith("/pods/restore-orders/log")) return false
    response.end(['{"msg":"ready"}', ...trail, "killed", ""].join("\n"))
    return true
  }
  const shown = await run("audit", "show", "orders")
  lab.api.fault = undefined
  expect([shown.code, shown.out]).toEqual([0, trail.map((line) => `${line}\n`).join("")])
  const file = join(into, "audit")
  writeFileSync(file, shown.out)
  const verified = await runHere(["audit", "verify", file])
  expect([verified.code, verified.out]).toEqual([0, expect.stringMatching(/^SESSION +CHAIN .*\n5f0c3a52\S+ +\S+ +2 /)])
  writeFileSync(file, shown.out.replace('"/a"', '"/b"'))
  const changed = await runHere(["audit", "verify", file])
  expect([changed.code, changed.err]).toEqual([6, expect.stringContaining("line 2: Record 2 was changed")])
  expect(JSON.parse((await runHere(["audit", "verify", file, "-o", "json"])).out)).toMatchObject({ intact: false })
  writeFileSync(file, "nothing\n")
  expect((await runHere(["audit", "verify", file])).code).toBe(2)
})

test.each([
  ["get", ["get"]],
  ["describe", ["describe", "orders"]],
  ["ls", ["ls", "-R", "orders:/data"]],
  ["cp", ["cp", "orders:/data/text", "-"]],
  ["diff", ["diff", "orders:/data", "."]],
])("Ctrl-C ends %s at once, also while nobody answers", async (_, args) => {
  const stop = new AbortController()
  lab.api.fault = () => (stop.abort(), true)
  const { code } = await lab.run(args, { signal: stop.signal })
  lab.api.fault = undefined
  lab.api.cut()
  expect(code).toBe(130)
})

test("Ctrl-C in the middle of a tree of directories: no further one is asked for", async () => {
  const stop = new AbortController()
  const { code, out } = await lab.run(["tree", "orders:/data"], { signal: stop.signal, printed: () => stop.abort() })
  expect([code, out.split("\n").length]).toEqual([130, 2])
})
