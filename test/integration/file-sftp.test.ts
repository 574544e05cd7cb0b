import { randomBytes } from "node:crypto"
import { once } from "node:events"
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import ssh2 from "ssh2"
import { afterAll, beforeAll, expect, test } from "vitest"
import { loginKeyFrom } from "../../src/credentials/ssh-key.ts"
import { directorySource } from "../support/directory-source.ts"
import { openSsh } from "../support/open-ssh.ts"
import { makeSshKey } from "../support/ssh-key.ts"
import { type SftpLab, sftpServiceLab } from "../support/sftp-service.ts"

let root: string
let work: string
const big = randomBytes(5_000_000)
const isBig = (bytes: Buffer) => bytes.equals(big)
const odd = [
  Buffer.from("bad\xff\xfename", "latin1"),
  Buffer.from("new\nline"),
  Buffer.from("-rf"),
  Buffer.from("a b *?\\"),
]

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "sftp-"))
  work = mkdtempSync(join(tmpdir(), "sftp-client-"))
  mkdirSync(join(root, "odd"))
  for (const name of odd) writeFileSync(Buffer.concat([Buffer.from(`${root}/odd/`), name]), name)
  mkdirSync(join(root, "many"))
  for (let index = 0; index < 300; index++) writeFileSync(join(root, `many/f${index}`), `${index}`)
  writeFileSync(join(root, "big"), big)
  chmodSync(join(root, "big"), 0o640)
  utimesSync(join(root, "big"), 1_700_000_000, 1_700_000_000)
  symlinkSync("big", join(root, "link"))
})
afterAll(() => {
  rmSync(root, { recursive: true, force: true })
  rmSync(work, { recursive: true, force: true })
})

const lab = (limits?: Parameters<typeof sftpServiceLab>[1], publicKeys?: readonly string[]) =>
  sftpServiceLab(directorySource(root), limits, publicKeys)

/** The client's calls, as promises. */
const call = <T>(use: (done: (error: Error | null | undefined, value: T) => void) => void) =>
  new Promise<T>((resolve, reject) => use((error, value) => (error ? reject(error) : resolve(value))))

test("the library's client: volumes, listing, attributes, links, content", async () => {
  await using service = await lab()
  const sftp = await service.sftp()
  const list = async (path: string) =>
    (await call<ssh2.FileEntryWithStats[]>((done) => sftp.readdir(path, done))).map(({ filename }) => filename).sort()
  expect(await list("/")).toEqual(["data"])
  expect(await list("/data")).toEqual(["big", "link", "many", "odd"])
  expect(await list("/data/many")).toHaveLength(300)
  const attributes = await call<ssh2.Stats>((done) => sftp.stat("/data/link", done))
  expect(attributes).toMatchObject({ size: big.length, mode: 0o100640, mtime: 1_700_000_000 })
  expect((await call<ssh2.Stats>((done) => sftp.lstat("/data/link", done))).isSymbolicLink()).toBe(true)
  expect(await call<string>((done) => sftp.readlink("/data/link", done))).toBe("big")
  expect(await call<Buffer>((done) => sftp.readFile("/data/link", done))).toSatisfy(isBig)
  expect(await call<string>((done) => sftp.realpath("data/../data/./odd", done))).toBe("/data/odd")
  expect(service.usage.snapshot()).toMatchObject({ clients: 1, filesRead: 1, bytesRead: big.length })
})

test("pieces from anywhere, several files side by side", async () => {
  await using service = await lab()
  const sftp = await service.sftp()
  const open = () => call<Buffer>((done) => sftp.open("/data/big", "r", done))
  const handles = await Promise.all([open(), open(), open(), open()])
  const piece = async (handle: Buffer, at: number) => {
    const into = Buffer.alloc(1000)
    await call<number>((done) => sftp.read(handle, into, 0, 1000, at, done))
    return into
  }
  for (const at of [0, 1000, 4_999_000, 123_456, 124_456])
    for (const handle of handles) expect(await piece(handle, at)).toEqual(big.subarray(at, at + 1000))
})

test("nothing can be changed, and nothing else is offered", async () => {
  await using service = await lab()
  const client = await service.login()
  const sftp = await call<ssh2.SFTPWrapper>((done) => client.sftp(done))
  const denied = { message: expect.stringContaining("read only") as string }
  await expect(call((done) => sftp.open("/data/new", "w", done))).rejects.toMatchObject(denied)
  await expect(call((done) => sftp.open("/data/big", "r+", done))).rejects.toMatchObject(denied)
  await expect(call((done) => sftp.unlink("/data/big", (error) => done(error, 0)))).rejects.toMatchObject(denied)
  await expect(call((done) => sftp.mkdir("/data/x", (error) => done(error, 0)))).rejects.toMatchObject(denied)
  await expect(call((done) => sftp.rename("/data/big", "/data/x", (error) => done(error, 0)))).rejects.toMatchObject(
    denied,
  )
  await expect(call((done) => sftp.chmod("/data/big", 0o777, (error) => done(error, 0)))).rejects.toMatchObject(denied)
  await expect(call((done) => client.exec("id", done))).rejects.toThrow(/Unable to exec/)
  await expect(call((done) => client.shell(done))).rejects.toThrow(/Unable to start shell|Unable to/)
  await expect(call((done) => client.forwardOut("127.0.0.1", 1, "127.0.0.1", 22, done))).rejects.toThrow(/open failure/)
  expect(statSync(join(root, "big")).mode & 0o7777).toBe(0o640)
})

test.each([
  ["a missing file", "/data/nope", 2],
  ["a missing volume", "/nope/a", 2],
  ["a directory", "/data/odd", 4],
  ["the root", "/", 4],
])("%s can't be read", async (_, path, code) => {
  await using service = await lab()
  const sftp = await service.sftp()
  await expect(call((done) => sftp.open(path, "r", done))).rejects.toMatchObject({ code })
  expect(service.records().filter(({ event }) => event === "Read")).toEqual([
    expect.objectContaining({ outcome: expect.not.stringMatching("Ok") as string, bytes: 0 }),
  ])
})

test("everything is recorded: who, what, how much", async () => {
  await using service = await lab()
  const client = await service.login()
  const sftp = await call<ssh2.SFTPWrapper>((done) => client.sftp(done))
  await call((done) => sftp.readdir("/data/odd", done))
  await call((done) => sftp.readFile("/data/big", done))
  await call((done) => sftp.open("/data/big", "r", done))
  client.end()
  await once(client, "close")
  await expect.poll(() => service.records().at(-1)?.event).toBe("Logout")
  const done = service.records().map(({ event, via, outcome, path, bytes }) => [event, via, outcome, path?.[0], bytes])
  expect(done).toEqual(
    expect.arrayContaining([
      ["Login", "sftp", "Ok", undefined, undefined],
      ["List", "sftp", "Ok", "/odd", undefined],
      ["Read", "sftp", "Ok", "/big", big.length],
      ["Read", "sftp", "ConnectionLost", "/big", 0],
    ]),
  )
  expect(service.records()[1]).toMatchObject({ who: "password:recover", client: expect.stringContaining("127.0.0.1:") })
})

test("a wrong password opens nothing, and three of them close the connection", async () => {
  await using service = await lab()
  await expect(service.login({ password: "wrong" })).rejects.toThrow(/authentication methods failed/)
  await expect(service.login({ username: "root" })).rejects.toThrow(/authentication methods failed/)
  let tries = 0
  const authHandler: ssh2.AuthHandlerMiddleware = (_, __, next) => {
    tries++
    next({ type: "password", username: "recover", password: "wrong" })
  }
  await expect(service.login({ authHandler })).rejects.toThrow(/closed|ended|lost|reset/i)
  expect(tries).toBeLessThanOrEqual(4)
  await service.service.close()
  const refused = service.records().filter(({ event }) => event === "LoginRefused")
  expect(refused.reduce((sum, { count = 0 }) => sum + count, 0)).toBe(5)
})

const keys = makeSshKey()
const stranger = makeSshKey()

test("a public key lets its owner in, and nobody else", async () => {
  await using service = await lab({}, [keys.public])
  const sftp = await service.sftp({ password: "", privateKey: keys.private })
  expect(await call<ssh2.FileEntryWithStats[]>((done) => sftp.readdir("/", done))).toHaveLength(1)
  const failed = /authentication methods failed/
  await expect(service.login({ password: "", privateKey: stranger.private })).rejects.toThrow(failed)
  await expect(service.login({ password: "", username: "root", privateKey: keys.private })).rejects.toThrow(failed)
  expect(service.records().find(({ event }) => event === "Login")?.who).toMatch(/^publickey:SHA256:/)
})

const login = ({ service: { port, hostKey } }: SftpLab) => ({ work, port, hostKey, privateKey: keys.private })

test("the key that follows from the password lets in, also when no key is named", async () => {
  await using service = await lab()
  const privateKey = loginKeyFrom(service.password).privateKey
  service.publicKeys.set([])
  await service.login({ password: "", privateKey })
  const { stdout } = await openSsh(
    "sftp",
    { ...login(service), privateKey },
    ["-b", "-", "recover@127.0.0.1"],
    "ls /data\n",
  )
  expect(stdout).toContain("big")
})

test("a key that is added opens, and one that is taken away cuts those who used it, and nobody else", async () => {
  await using service = await lab()
  const withKey = () => service.login({ password: "", privateKey: keys.private })
  await expect(withKey()).rejects.toThrow(/authentication methods failed/)
  service.publicKeys.set([stranger.public, keys.public])
  const [cut, other, password] = [
    await withKey(),
    await service.login({ password: "", privateKey: stranger.private }),
    await service.login(),
  ]
  const closed = once(cut, "close")
  service.publicKeys.set([stranger.public])
  await closed
  await expect(withKey()).rejects.toThrow(/authentication methods failed/)
  for (const client of [other, password]) await call<ssh2.SFTPWrapper>((done) => client.sftp(done))
})

test("OpenSSH's sftp takes a tree of any names, with times and modes", async () => {
  await using service = await lab({}, [keys.public])
  const into = join(work, "tree")
  mkdirSync(into)
  const batch = `ls -l /data\nget -Rp /data/odd ${into}\nget -p /data/big ${into}/big\nget /data/many/f7 ${into}/f7\n`
  const { stdout } = await openSsh("sftp", login(service), ["-b", "-", "recover@127.0.0.1"], batch)
  expect(stdout).toMatch(/-rw-r----- .* 5000000 2023-11-14 22:13 .*big/)
  for (const name of odd) expect(readFileSync(Buffer.concat([Buffer.from(`${into}/odd/`), name]))).toEqual(name)
  expect(readFileSync(join(into, "big"))).toSatisfy(isBig)
  expect(readFileSync(join(into, "f7"), "utf8")).toBe("7")
  const { mode, mtimeMs } = statSync(join(into, "big"))
  expect([mode & 0o7777, mtimeMs]).toEqual([0o640, 1_700_000_000_000])
})

test("OpenSSH's scp copies, and can't write", async () => {
  await using service = await lab({}, [keys.public])
  await openSsh("scp", login(service), ["recover@127.0.0.1:/data/big", join(work, "copy")])
  expect(readFileSync(join(work, "copy"))).toSatisfy(isBig)
  await expect(openSsh("scp", login(service), [join(work, "copy"), "recover@127.0.0.1:/data/new"])).rejects.toThrow(
    /Permission denied/,
  )
})

test("new keys in the middle of a file, twenty times", async () => {
  await using service = await lab({}, [keys.public])
  const often = ["-o", "RekeyLimit=256K"]
  await openSsh("sftp", login(service), [...often, "recover@127.0.0.1:/data/big", join(work, "rekeyed")])
  expect(readFileSync(join(work, "rekeyed"))).toSatisfy(isBig)
})

test("OpenSSH refuses another session's host key", async () => {
  await using service = await lab({}, [keys.public])
  const other = { ...login(service), hostKey: stranger.public }
  await expect(openSsh("sftp", other, ["-b", "-", "recover@127.0.0.1"])).rejects.toThrow(/verification failed/)
})
