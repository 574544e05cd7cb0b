import { execFile, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { open } from "node:fs/promises"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, test } from "vitest"
import { startCli } from "../support/cli.ts"
import { directorySource } from "../support/directory-source.ts"
import { type RecoverLab, recoverLab } from "../support/recover-lab.ts"
import { makeSshKey } from "../support/ssh-key.ts"
import { waitFor } from "../support/wait.ts"

/** `sftp` and its tunnel, with real clients, through the port-forward of an API server in this process. */
const book = Buffer.alloc(3_000_000, "orders")
const odd = [Buffer.from("bad\xff\xfename", "latin1"), Buffer.from("new\nline"), Buffer.from("a b *?")]
let lab: RecoverLab
let root: string
let work: string

/** Starts the verb as a process of its own, with folders of its own. */
const start = (...args: string[]) =>
  startCli(
    ["sftp", ...args, "-n", "shop", "--kubeconfig", lab.kubeconfig],
    { TMPDIR: join(work, "it's 100% tmp") },
    work,
  )
const run = (...args: string[]) => start(...args).ended
const batch = (text: string) => {
  writeFileSync(join(work, "batch"), text)
  return join(work, "batch")
}
const left = () => readdirSync(join(work, "it's 100% tmp"))

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "recover-sftp-"))
  work = mkdtempSync(join(tmpdir(), "recover-sftp-client-"))
  mkdirSync(join(work, "it's 100% tmp"))
  mkdirSync(join(root, "orders"))
  writeFileSync(join(root, "orders/2026-11.db"), book)
  for (const name of odd) writeFileSync(Buffer.concat([Buffer.from(`${root}/orders/`), name]), name)
  lab = await recoverLab(directorySource(root))
  await lab.run(["create", "orders", "--from", "pvc/data-0", "--wait"])
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  for (const directory of [root, work]) rmSync(directory, { recursive: true })
})

test("a batch takes a tree of any names; nothing is left, and no secret was in sight", async () => {
  const into = join(work, "tree")
  const { code, err } = await run(
    "orders",
    "-b",
    batch(`get -R /data/orders ${into}\n!ps -o args= -p $PPID > ${work}/args\n`),
  )
  expect([code, err]).toEqual([0, ""])
  expect(readFileSync(join(into, "2026-11.db"))).toEqual(book)
  for (const name of odd) expect(readFileSync(Buffer.concat([Buffer.from(`${into}/`), name]))).toEqual(name)
  expect(readFileSync(join(work, "args"), "utf8")).toMatch(
    /^sftp -F none -P \d+ -o \S+ -o \S+ -o \S+ -o IdentityFile=".+\/frk-sftp-\w+\/key" /,
  )
  expect(left()).toEqual([])
})

test("a path that is a file is fetched; one that is a directory is where it begins", async () => {
  const file = await run("orders", "/data/orders/2026-11.db", "-b", "/dev/null")
  expect([file.code, readFileSync(join(work, "2026-11.db")).equals(book)]).toEqual([0, true])
  const { code, out } = await run("orders", "/data/orders", "-b", batch("pwd\n"))
  expect([code, out.toString()]).toEqual([0, expect.stringContaining("Remote working directory: /data/orders")])
})

test("a command that fails ends it with 1, in sftp's own words", async () => {
  const { code, err } = await run("orders", "-b", batch("get /data/none\n"))
  expect([code, err]).toEqual([1, expect.stringMatching(/"\/data\/none" not found[^]*sftp ended with 1/)])
  expect(left()).toEqual([])
})

test("it takes the host key of the status and no other", async () => {
  const path = "/apis/filerecovery.dev/v1alpha1/namespaces/shop/filerecoverysessions/orders"
  const { sftpHostKey } = (lab.session("orders").status as { access: { sftpHostKey: string } }).access
  const set = (key: string) => lab.api.objects.patch(path, { status: { access: { sftpHostKey: key } } })
  set(makeSshKey().public.trim())
  const { code, err } = await run("orders", "-b", batch("ls\n"))
  set(sftpHostKey)
  expect([code, err]).toEqual([1, expect.stringContaining("Host key verification failed")])
})

test("with a key of one's own no Secret is read, and one that is taken away opens nothing", async () => {
  const pair = makeSshKey()
  const key = join(work, "own")
  writeFileSync(key, pair.private, { mode: 0o600 })
  const publicKeys = lab.sftp.get("orders")?.publicKeys
  const secrets = () => lab.api.requests.filter(({ url }) => url.pathname.includes("/secrets/")).length
  const before = secrets()
  publicKeys?.set([pair.public])
  expect((await run("orders", "-i", key, "-b", batch("ls /data\n"))).code).toBe(0)
  publicKeys?.set([])
  expect(await run("orders", "-i", key, "-b", batch("ls /data\n"))).toMatchObject({
    code: 1,
    err: expect.stringContaining("Permission denied") as string,
  })
  expect(secrets()).toBe(before)
})

test("interrupted in the middle of a batch, sftp ends with it, and nothing is left", async () => {
  const pipe = join(work, "pipe")
  execFileSync("mkfifo", [pipe])
  const verb = start("orders", "-b", pipe)
  const commands = await open(pipe, "w") // as soon as sftp reads it
  await commands.write("pwd\n")
  const answered = () => Promise.resolve(verb.printed().includes("Remote working directory"))
  await waitFor("an answer", answered, { seconds: 60, everyMs: 20 })
  verb.kill("SIGINT")
  expect([(await verb.ended).code, left()]).toEqual([130, []])
  await commands.close()
})

test("at the prompt Ctrl-C is sftp's: it goes on, and bye ends it well", async () => {
  const words = ["src/cli.ts", "sftp", "orders", "-n", "shop", "--kubeconfig", lab.kubeconfig].join(" ")
  const env = { ...process.env, TMPDIR: join(work, "it's 100% tmp") }
  // a terminal of its own, in which it has the foreground
  const terminal = spawn("script", ["-qefc", `exec '${process.execPath}' ${words}`, "/dev/null"], { env })
  let shown = ""
  terminal.stdout.setEncoding("utf8").on("data", (text: string) => (shown += text))
  const says = (text: string) =>
    waitFor(text, () => Promise.resolve(shown.includes(text)), { seconds: 60, everyMs: 20 })
  const type = (keys: string) => void terminal.stdin.write(keys)
  await says("sftp> ")
  type("pwd\n")
  await says("Remote working directory: /")
  shown = ""
  for (const _ of [1, 2, 3]) {
    type("\x03")
    await says("sftp> ")
    shown = ""
  }
  type("ls -1 /data/orders\n")
  await says("2026-11.db")
  type("bye\n")
  const [code] = (await once(terminal, "close")) as [number]
  expect([code, left()]).toEqual([0, []])
})

/** The printed lines, as JSON, of a tunnel that is open. */
async function opened(...args: string[]) {
  const tunnel = start("orders", ...args, "-o", "json")
  await tunnel.said("The tunnel is open until Ctrl-C.")
  const told = JSON.parse(tunnel.printed()) as {
    host: string
    port: number
    commands: Record<"sftp" | "scp" | "rclone", string>
    identity: string
  }
  return { tunnel, ...told }
}

test("a tunnel: its lines work in a shell as they are, for sftp, scp and rclone; Ctrl-C leaves nothing", async () => {
  const { tunnel, commands, identity } = await opened()
  expect([statSync(identity).mode & 0o777, statSync(join(identity, "..")).mode & 0o777]).toEqual([0o600, 0o700])
  // not synchronous: the API server is in this process
  const shell = async (line: string) => {
    const env = { PATH: process.env["PATH"], HOME: work }
    return (await promisify(execFile)("sh", ["-euc", line], { cwd: work, env })).stdout
  }
  await shell(commands.scp.replace("/VOLUME/PATH .", "/data/orders/2026-11.db scp"))
  expect(readFileSync(join(work, "scp"))).toEqual(book)
  expect(await shell(`echo ls -1 /data | ${commands.sftp}`)).toContain("/data/orders")
  await shell(`mkdir rclone; cd rclone; ${commands.rclone.replace("/VOLUME/PATH", "/data/orders")}`)
  expect(readFileSync(join(work, "rclone/2026-11.db"))).toEqual(book)
  expect(readFileSync(join(work, "rclone/a b *?"), "utf8")).toBe("a b *?")
  tunnel.kill("SIGINT")
  expect((await tunnel.ended).code).toBe(0)
  expect(left()).toEqual([])
})

test("a tunnel is where it was asked to be, and tells when that is taken; who can't be carried on is cut off", async () => {
  const { tunnel, host, port } = await opened("--listen", "[::1]:0")
  expect(host).toBe("::1")
  const taken = await run("orders", "--listen", `[::1]:${port}`)
  expect([taken.code, taken.err]).toEqual([2, expect.stringContaining("EADDRINUSE")])
  const restore = `restore-orders:2022`
  const to = lab.ports.get(restore) ?? 0
  lab.ports.set(restore, 1)
  const socket = connect({ host, port }).resume()
  await waitFor("the connection to end", () => Promise.resolve(socket.destroyed), { seconds: 10, everyMs: 10 })
  lab.ports.set(restore, to)
  tunnel.kill("SIGTERM")
  expect((await tunnel.ended).code).toBe(0)
})

test.each<[string, string[], number, string]>([
  ["a session that isn't there", ["nobody"], 3, "There is no FileRecoverySession"],
  ["no session", ["a b"], 2, "no place in a session"],
  ["a path for a tunnel", ["orders", "/data", "--print"], 2, "don't start"],
  ["an address without a port", ["orders", "--listen", "127.0.0.1"], 2, "ADDRESS:PORT"],
  ["a port there is none of", ["orders", "--listen", ":70000"], 2, "ADDRESS:PORT"],
  ["a key that isn't there", ["orders", "-i", "/nonexistent"], 2, "ENOENT"],
  ["another format", ["orders", "-o", "yaml"], 2, "json"],
])("refused: %s", async (_, args, code, words) => {
  const answer = await lab.run(["sftp", ...args])
  expect([answer.code, answer.err]).toEqual([code, expect.stringContaining(words)])
})

test("a session of an earlier release has no SFTP, and a machine without sftp is told what to install", async () => {
  await lab.run(["create", "old", "--from", "pvc/data-0", "--wait"])
  const path = "/apis/filerecovery.dev/v1alpha1/namespaces/shop/filerecoverysessions/old"
  lab.api.objects.patch(path, { status: { access: { sftpPort: null, sftpHostKey: null } } })
  const old = await run("old")
  expect([old.code, old.err]).toEqual([4, expect.stringContaining("serves no SFTP")])
  const args = ["sftp", "orders", "-n", "shop", "--kubeconfig", lab.kubeconfig]
  const bare = await startCli(args, { PATH: "/nonexistent", TMPDIR: join(work, "it's 100% tmp") }).ended
  expect([bare.code, bare.err]).toEqual([1, expect.stringContaining("install OpenSSH's client")])
  expect(left()).toEqual([])
})
