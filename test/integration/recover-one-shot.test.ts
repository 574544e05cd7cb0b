import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, expect, test } from "vitest"
import { directorySource } from "../support/directory-source.ts"
import { type RecoverLab, recoverLab, type Session } from "../support/recover-lab.ts"
import { paths } from "../support/session-world.ts"

/** Verbs with `--from`: a session of their own is made, used and unmounted, through an API server and a file service in this process. */
let lab: RecoverLab
let root: string
let into: string
const run = (...args: string[]) => lab.run(args)
const from = ["--from", "pvc/data-0"]
const made = () =>
  lab.api.objects.list(paths.sessions, ({ metadata: { name } }) => name.startsWith("recover-")) as Session[]

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "files-"))
  into = mkdtempSync(join(tmpdir(), "into-"))
  mkdirSync(join(root, "a/deep"), { recursive: true })
  writeFileSync(join(root, "a/deep/file"), "deep\n")
  writeFileSync(join(root, "text"), "one\n")
  lab = await recoverLab(directorySource(root))
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  for (const directory of [root, into]) rmSync(directory, { recursive: true })
})
afterEach(() => {
  for (const { metadata } of made()) lab.api.objects.remove(`${paths.sessions}/${metadata.name}`)
})

test("in one go: a session is made, used and unmounted; its object goes later", async () => {
  const { code, err } = await run("cp", ...from, "--at", "3h-ago", "/data/a/deep/file", into)
  expect([code, readFileSync(join(into, "file"), "utf8")]).toEqual([0, "deep\n"])
  expect(err).toMatch(/^\[ +\d s\] (Pending|Ready)\n[^]*copied: 1 file[^]*\] Unmounted\n$/)
  expect(made()).toMatchObject([
    { spec: { desiredState: "Unmounted", idleTimeout: "10m", ttlAfterFinished: "1h" }, status: { phase: "Unmounted" } },
  ])
})

test.each([
  ["ls", ["/data/a/deep"], "file\n"],
  ["cat", ["/data/a/deep/file"], "deep\n"],
  ["tree", ["/data/a/deep"], expect.stringContaining("└── file\n")],
  ["tar", ["/data/a/deep", "-f", "-"], expect.stringContaining("a/deep/file")],
])("in one go: %s", async (verb, args, out) => {
  expect(await run(verb, "-q", ...from, ...args)).toMatchObject({ code: 0, out, err: "" })
  expect(made()).toMatchObject([{ status: { phase: "Unmounted" } }])
})

test("in one go: browse serves the page of a session of its own, and ends it with Ctrl-C", async () => {
  const ctrlC = new AbortController()
  const page: Promise<Response>[] = []
  const printed = (out: string) => {
    page.push(fetch(out.trim()))
    void page[0]?.finally(() => ctrlC.abort())
  }
  const { code } = await lab.run(["browse", "-q", "--no-open", ...from], { signal: ctrlC.signal, printed })
  expect([code, (await page[0])?.status]).toEqual([0, 200])
  expect(made()).toMatchObject([{ spec: { desiredState: "Unmounted", idleTimeout: "1h" } }])
  expect(await run("browse")).toMatchObject({ code: 2 })
  expect(await run("browse", "orders", ...from)).toMatchObject({ code: 2 })
})

test("--keep leaves the session, and says its name", async () => {
  const { err } = await run("ls", "-q", "--keep", ...from, "/")
  const [kept] = made()
  expect([kept?.status?.phase, kept?.spec.idleTimeout]).toEqual(["Ready", undefined])
  expect(err).toBe(
    `The session shop/${kept?.metadata.name} goes on; end it with: kubectl-recover unmount shop/${kept?.metadata.name}\n`,
  )
})

test("a path that isn't there: its code, the volumes there are, and the session unmounted all the same", async () => {
  const { code, err } = await run("cat", "-q", ...from, "/nope/x")
  expect([code, err]).toEqual([
    3,
    expect.stringMatching(/^Paths are \/VOLUME\/PATH; the volumes are:\nVOLUME .*\n\/data /),
  ])
  expect(made()).toMatchObject([{ status: { phase: "Unmounted" } }])
})

test("Ctrl-C while it waits: interrupted, and the end asked for", async () => {
  const stop = new AbortController()
  lab.api.fault = ({ method }, response, url) => {
    // the operator is slow
    if (method !== "GET" || !url.pathname.includes("/recover-")) return false
    response.writeHead(200, { "content-type": "application/json" })
    response.end(JSON.stringify({ metadata: { name: "x", namespace: "shop" }, spec: { source: {} } }))
    return true
  }
  const { code, err } = await lab.run(["cp", ...from, "/data/text", into], {
    signal: stop.signal,
    said: () => stop.abort(),
  })
  lab.api.fault = undefined
  expect([code, err]).toEqual([130, expect.stringContaining("is being unmounted.\nerror: Interrupted.")])
  expect(made()).toMatchObject([{ spec: { desiredState: "Unmounted" } }])
})

test("Ctrl-C in the middle of a copy: nothing half is left, and the end asked for", async () => {
  const stop = new AbortController()
  const said = (err: string) => void (err.includes("Ready") && stop.abort())
  const { code } = await lab.run(["cp", "-r", ...from, "/data", into], { signal: stop.signal, said })
  expect(code).toBe(130)
  expect(readdirSync(into).filter((name) => name.includes(".part"))).toEqual([])
  expect(made()).toMatchObject([{ spec: { desiredState: "Unmounted" } }])
})

test("a session that fails: its own reason, and no waiting for files", async () => {
  lab.failWith = [{ type: "Stalled", status: "True", reason: "NoRecoveryPoint", message: "none" }]
  const { code, err } = await run("ls", ...from, "/")
  lab.failWith = undefined
  expect([code, err]).toEqual([3, expect.stringContaining("(Failed: NoRecoveryPoint: none). (NoRecoveryPoint)")])
})

test.each([
  ["no destination", ["cp", "/data/text"], 2],
  ["a destination that isn't there", ["cp", "/data/text", "/nonexistent/x"], 2],
  ["a place that is none", ["cat", "data/text"], 2],
  ["a type of file there is none of", ["find", "/", "--type", "x"], 2],
  ["an archive of everything", ["tar", "/", "-f", "-"], 2],
  ["a copy of everything without -r", ["cp", "/", "."], 2],
  ["hashes of everything", ["sha256", "/"], 2],
  ["a directory to compare with that isn't there", ["diff", "/data", "/nonexistent"], 3],
])("in one go: nobody waits for a session to hear of %s", async (_, args, code) => {
  expect((await run(...args, ...from)).code).toBe(code)
  expect(made()).toEqual([])
})
