import { execFileSync, spawn } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { once } from "node:events"
import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { symlinkSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { Writable } from "node:stream"
import { pino } from "pino"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { RecoveryError } from "../../src/api/reasons.ts"
import { makeIdentities } from "../../src/cli/open/identities.ts"
import { FilesClient } from "../../src/client/files-client.ts"
import { list } from "../../src/exec/ls.ts"
import { archive } from "../../src/exec/tar.ts"
import { type FileServices, startFileServices } from "../../src/files/services.ts"
import { directorySource } from "../support/directory-source.ts"
import { run } from "../support/run.ts"

/** What `kubectl cp` and `kubectl exec` start in the restore pod, as processes, at the socket of a real file service. */
const session = "5f0c3a52-7d5e-4a5e-9f4e-000000000001"
const big = randomBytes(3_000_000)
const long = `${"n".repeat(120)}.txt`
const odd = Buffer.from([0x6f, 0xff, 0x0a, 0x64])
let folder: string
let root: string
let services: FileServices
let audit: Record<string, unknown>[]
/** Chunks after which the archive breaks off; none by default. */
let breakAfter = Infinity

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "exec-"))
  root = join(folder, "volume")
  mkdirSync(join(root, "orders/archive"), { recursive: true })
  writeFileSync(join(root, "orders/archive/big"), big)
  writeFileSync(join(root, "orders", long), "long")
  writeFileSync(Buffer.concat([Buffer.from(`${root}/orders/`), odd]), "odd", { mode: 0o640 })
  writeFileSync(join(root, "orders/one"), "linked")
  utimesSync(join(root, "orders/one"), 1_700_000_000, 1_700_000_000.25)
  linkSync(join(root, "orders/one"), join(root, "orders/two"))
  symlinkSync("one", join(root, "orders/link"))
  mkdirSync(join(root, "special"))
  execFileSync("mkfifo", [join(root, "special/pipe")])
  for (const name of ["tar", "ls"]) symlinkSync(resolve("src/exec.ts"), join(folder, name))
  audit = []
  const source = directorySource(root)
  services = await startFileServices({
    host: "127.0.0.1",
    port: 0,
    localSocket: join(folder, "socket"),
    tls: makeIdentities(session, new Date()).restore,
    credentials: { username: "recover", passwordSha256: createHash("sha256").update("secret word").digest("hex") },
    session,
    source: {
      ...source,
      async *tar(...args) {
        let chunks = 0
        for await (const chunk of source.tar(...args)) {
          if (chunks++ >= breakAfter) throw new RecoveryError("VolumeCorrupt", "The disk ends here.")
          yield chunk
        }
      },
    },
    log: pino({ level: "silent" }),
    writeAudit: (line) => void audit.push(JSON.parse(line) as Record<string, unknown>),
  })
})
afterAll(async () => {
  await services.close()
  if (existsSync(join(folder, "socket"))) throw new Error("the socket outlives the service")
  rmSync(folder, { recursive: true, force: true })
})

/** In this process, where what is asked for is the point. */
async function program(name: "tar" | "ls", ...args: string[]) {
  const [out, err] = [new Collected(), new Collected()]
  const files = new FilesClient({ socket: join(folder, "socket") })
  const code = await (name === "tar" ? archive : list)(args, { files, out, err }).finally(() => files.close())
  return { code, out: out.bytes, err: err.bytes.toString() }
}

class Collected extends Writable {
  bytes = Buffer.alloc(0)
  override _write(chunk: Buffer, _: string, done: () => void) {
    this.bytes = Buffer.concat([this.bytes, chunk])
    done()
  }
}

/** As it is started in the container. */
const started = (name: "tar" | "ls", args: string[], socket = "socket") =>
  spawn(process.execPath, [join(folder, name), ...args], { env: { FILE_RECOVERY_FILES: join(folder, socket) } })

/** What a strict reader makes of an archive, names as tar escapes them. */
async function unpacked(archive: Buffer, ...more: string[]): Promise<string> {
  const to = mkdtempSync(join(folder, "to-"))
  writeFileSync(join(to, "archive"), archive)
  await run("tar", ["-xf", join(to, "archive"), "-C", to, ...more])
  rmSync(join(to, "archive"))
  return to
}

test("nobody else may open the socket", () => {
  expect(statSync(join(folder, "socket")).mode & 0o777).toBe(0o600)
})

describe("tar", () => {
  test("as kubectl cp asks: all below the path, each member's name beginning with it", async () => {
    const { code, out, err } = await program("tar", "cf", "-", "/data/orders")
    expect([code, err]).toEqual([0, ""])
    const to = await unpacked(out)
    const orders = join(to, "data/orders")
    expect(readFileSync(join(orders, "archive/big")).equals(big)).toBe(true)
    expect(readFileSync(join(orders, long), "utf8")).toBe("long")
    expect(readFileSync(Buffer.concat([Buffer.from(`${orders}/`), odd]), "utf8")).toBe("odd")
    expect(statSync(join(orders, "one"))).toMatchObject({ nlink: 1, mtimeMs: 1_700_000_000_250, size: 6 })
    expect(statSync(join(orders, "two"))).toMatchObject({ nlink: 1, size: 6 })
    expect(statSync(join(orders, "link"), { throwIfNoEntry: true }).size).toBe(6)
    expect(readdirSync(to)).toEqual(["data"])
  })

  test("pipes are left out, which is told, unless all of a file is asked for", async () => {
    const { code, out, err } = await program("tar", "cf", "-", "/data/special")
    expect([code, err]).toEqual([0, "tar: data/special/pipe: pipe or device ignored\n"])
    expect(readdirSync(join(await unpacked(out), "data/special"))).toEqual([])
    const full = await program("tar", "cf", "-", "--xattrs", "/data/special")
    expect(readdirSync(join(await unpacked(full.out), "data/special"))).toEqual(["pipe"])
  })

  test("the same archive each time: kubectl cp --retries goes on at a byte", async () => {
    const [first, second] = [await program("tar", "cf", "-", "/data"), await program("tar", "cf", "-", "/data")]
    expect(first.out.equals(second.out)).toBe(true)
  })

  test.each<[string, string[], string]>([
    ["a file", ["cf", "-", "/data/orders/one"], "data/orders/one\n"],
    ["from a directory", ["-cC", "/data/orders", "archive", "one"], "archive/\narchive/big\none\n"],
    ["the directory itself", ["-c", "--directory=/data/orders/archive", "."], "./\nbig\n"],
    ["packed", ["czf", "-", "-C", "/data/orders", "one"], "one\n"],
    ["packed, zstd", ["-c", "--zstd", "/data/orders/one"], "data/orders/one\n"],
    ["not the link's target", ["cf", "-", "/data/orders/link"], "data/orders/link\n"],
  ])("%s", async (_, args, names) => {
    const { code, out, err } = await program("tar", ...args)
    expect([code, err]).toEqual([0, ""])
    writeFileSync(join(folder, "archive"), out)
    expect((await run("tar", ["-tf", join(folder, "archive"), "--quoting-style=escape"])).stdout).toBe(names)
  })

  test("with attributes hard links are links", async () => {
    const { out } = await program("tar", "--acls", "--xattrs", "-cf", "-", "/data/orders")
    const to = await unpacked(out)
    expect(statSync(join(to, "data/orders/two")).nlink).toBe(2)
  })

  test("a path that isn't there: the others are archived, and no reader takes it for all", async () => {
    const { code, out, err } = await program("tar", "cf", "-", "/data/orders/none", "/data/orders/one")
    expect(code).toBe(2)
    expect(err).toBe(
      "tar: /data/orders/none: Cannot stat: No such file or directory\n" +
        "tar: Exiting with failure status due to previous errors\n",
    )
    await expect(unpacked(out)).rejects.toThrow(/Skipping to next header/)
  })

  test.each([1, 20])("a disk that ends after %i chunks: code 2, and no reader takes it for all", async (chunks) => {
    breakAfter = chunks
    const { code, out, err } = await program("tar", "cf", "-", "/data/orders").finally(() => (breakAfter = Infinity))
    expect([code, err]).toEqual([2, expect.stringContaining("previous errors")])
    await expect(unpacked(out)).rejects.toThrow(/Unexpected EOF|Skipping to next header/)
  })

  test.each<[string, string[], RegExp]>([
    ["no unpacking", ["xf", "-", "-C", "/data"], /put files back use kubectl recover cp/],
    ["no file", ["cf", "/tmp/x", "/data"], /writes to its output only/],
    ["what it doesn't know", ["--exclude=x", "-cf", "-", "/data"], /Unknown option '--exclude'.*only writes archives/],
    ["no path", ["cf", "-"], /Cowardly refusing to create an empty archive/],
    ["all volumes", ["cf", "-", "/"], /Name one of the volumes; ls \/ shows them/],
    ["a way up", ["cf", "-", "/data/../data"], /holds "\.\."/],
    ["no such volume", ["cf", "-", "/other/x"], /tar: \/other\/x: Cannot stat: No such file/],
    ["one directory after the other", ["-cC", "/data", "-C", "/x", "a"], /one directory only/],
    ["no other format", ["-c", "--format=v7", "/data"], /format pax only/],
  ])("%s", async (_, args, words) => {
    const { code, err } = await program("tar", ...args)
    expect(code).toBe(2)
    expect(err).toMatch(words)
  })

  test("as a process: who has enough is no failure of ours, and without the service it says so", async () => {
    const enough = started("tar", ["cf", "-", "/data"])
    enough.stdout.once("data", () => enough.stdout.destroy())
    expect(await once(enough, "close")).toEqual([141, null])
    const alone = started("tar", ["cf", "-", "/data"], "none")
    let err = ""
    alone.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()))
    expect(await once(alone, "close")).toEqual([2, null])
    expect(err).toMatch(/connection to the file service broke/)
  })
})

describe("ls", () => {
  test("as a process, by its name", async () => {
    const child = started("ls", [])
    let out = ""
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()))
    expect(await once(child, "close")).toEqual([0, null])
    expect(out).toBe("data\n")
  })

  test.each<[string[], RegExp]>([
    [[], /^data\n$/],
    [["-l", "/"], /^Mounted +ext4 +1024 data\n$/],
    [["/data/orders/archive"], /^big\n$/],
    [["-l", "/data/orders/one"], /^-rw-r--r-- +\d+ +\d+ +6 2023-11-14 22:13:20\.250{7} \/data\/orders\/one\n$/],
    [["-lad", "/data/orders/link"], /^lrwxrwxrwx .* \/data\/orders\/link -> one\n$/],
    [["/data", "/data/orders/archive"], /^\/data:\norders\nspecial\n\n\/data\/orders\/archive:\nbig\n$/],
    [["/data/orders"], /^o\\xff\\x0ad$/m],
  ])("%j", async (args, listing) => {
    const { code, out, err } = await program("ls", ...args)
    expect([code, err]).toEqual([0, ""])
    expect(out.toString()).toMatch(listing)
  })

  test.each<[string[], string]>([
    [["/data/none"], "ls: cannot access '/data/none': No such file or directory\n"],
    [["-R", "/data"], "ls: Unknown option '-R'. It knows -l and -d; kubectl recover ls and find know more.\n"],
  ])("%j", async (args, words) => {
    expect(await program("ls", ...args)).toMatchObject({ code: 2, err: words })
  })
})

test("the audit tells what was read so", () => {
  const [first] = audit.filter(({ event }) => event === "Archive")
  expect(first).toMatchObject({ via: "exec", who: "exec", volume: "data", path: ["/orders"], detail: "tar", count: 5 })
  expect(audit).toContainEqual(expect.objectContaining({ event: "Login", via: "exec", outcome: "Ok" }))
})
