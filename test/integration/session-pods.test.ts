import { createHash, randomBytes } from "node:crypto"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest"
import { fingerprintOf } from "../../src/api/public-key.ts"
import { controlClient } from "../../src/control/client.ts"
import { operatorIdentity } from "../../src/credentials/identity.ts"
import { loginKeyFrom } from "../../src/credentials/ssh-key.ts"
import { makeImage } from "../support/image.ts"
import { openSsh } from "../support/open-ssh.ts"
import { portOf, stopAll } from "../support/process.ts"
import {
  askFiles,
  localSocketOf,
  qemusOf,
  startFiles,
  startGuest,
  startPods,
  startTarget,
  type SessionPods,
} from "../support/restore-pods.ts"
import { run } from "../support/run.ts"
import { makeSession, type TestSession } from "../support/session.ts"
import { makeSshKey } from "../support/ssh-key.ts"

/** Both pods of a session as real processes on loopback: target, file service, guest. */
const patience = { timeout: 90_000, interval: 100 }
/** More than the buffers of a connection hold. */
const book = randomBytes(24 << 20)
let images: string
let image: string
let session: TestSession

beforeAll(async () => {
  images = mkdtempSync(join(tmpdir(), "frs-image-"))
  image = join(images, "disk.raw")
  await makeImage(image, { "orders/2026-11.db": book, "note.txt": Buffer.from("kept") })
})
afterAll(() => rmSync(images, { recursive: true, force: true }))
beforeEach(() => {
  session = makeSession()
  for (const name of ["target", "files", "guest"]) writeFileSync(join(session.dir, `termination-${name}`), "")
})
afterEach(async () => {
  await stopAll()
  session.remove()
})

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex")
const bookPath = "/v1/volumes/data-0-p1/content?path=%2Forders%2F2026-11.db"
const termination = (name: string) => readFileSync(join(session.dir, `termination-${name}`), "utf8")
const sockets = () => readdirSync(join(session.dir, "run"))

async function untilReady({ controls, files }: SessionPods): Promise<number> {
  await expect.poll(async () => (await controls.restore.status()).state, patience).toBe("Ready")
  return portOf(files, "ready")
}

/** What has to be true of a session that is over, however it ended. */
async function expectNothingLeft({ target, files, guest }: SessionPods): Promise<void> {
  expect(await Promise.all([files.exited, guest.exited, target.exited])).toEqual([0, 0, 0])
  expect(qemusOf(session)).toEqual([])
  expect(sockets()).toEqual([])
  expect(termination("target") + termination("files") + termination("guest")).toBe("")
}

test("a file is fetched; on release nobody is logged in, no QEMU runs, all exit 0, the disk is unchanged", async () => {
  const before = sha256(readFileSync(image))
  const pods = await startPods(session, image)
  const { controls } = pods
  const port = await untilReady(pods)

  const { status, body } = await askFiles(session, port, bookPath)
  expect(status).toBe(200)
  expect(sha256(body)).toBe(sha256(book))
  expect((await askFiles(session, port, bookPath, { password: "wrong" })).status).toBe(401)
  // what kubectl exec starts beside it: src/exec.ts archives unless it is called ls
  const env = { ...process.env, FILE_RECOVERY_FILES: localSocketOf(session) }
  const program = "node src/exec.ts cf - -C /data-0-p1 orders | tar xf - -O | sha256sum"
  const { stdout } = await run("bash", ["-euc", `set -o pipefail; ${program}`], { env })
  expect(stdout).toBe(`${sha256(book)}  -\n`)

  const ready = await controls.restore.status()
  expect(ready).toMatchObject({
    role: "restore",
    disks: [{ name: "data-0", serial: "abc-0" }],
    volumes: [{ path: "data-0-p1", filesystem: "ext4", state: "Mounted" }],
    usage: {
      filesRead: 2,
      bytesRead: expect.any(Number),
      lastActivityAt: expect.any(String),
      pastGuest: { files: expect.any(Number), bytes: expect.any(Number), differences: 0 },
    },
  })
  const serving = await controls.target.status()
  expect(serving.counters).toMatchObject({ initiators: 1, writeAttempts: 0 })
  expect(serving.counters.bytesServed).toBeGreaterThanOrEqual(book.length)

  await takeBySftp(pods)

  await controls.restore.release("UnmountRequested")
  await expect.poll(async () => (await controls.restore.status()).state, patience).toBe("Released")
  expect((await controls.target.status()).counters.initiators).toBe(0)
  expect(await pods.guest.exited).toBe(0)
  expect(qemusOf(session)).toEqual([])
  await expect(askFiles(session, port, bookPath)).rejects.toThrow(/ECONNREFUSED/)

  await controls.target.release("UnmountRequested")
  await expect.poll(async () => (await controls.target.status()).state, patience).toBe("Released")
  for (const pod of [pods.files, pods.target]) pod.kill("SIGTERM")
  await expectNothingLeft(pods)
  expect(sha256(readFileSync(image))).toBe(before)
})

/** By OpenSSH's sftp, with the key that follows from the password, then with one that the operator names and takes away. */
async function takeBySftp({ files, controls: { restore } }: SessionPods): Promise<void> {
  const { sftpPort, sftpHostKey } = await files.logged("ready")
  const told = async () => (await restore.status()).sftp
  expect(await told()).toEqual({ hostKey: sftpHostKey, publicKeys: [] })
  const take = (privateKey: string) =>
    openSsh(
      "sftp",
      { work: session.dir, port: Number(sftpPort), hostKey: String(sftpHostKey), privateKey },
      ["-b", "-", "recover@127.0.0.1"],
      "get /data-0-p1/orders/2026-11.db taken\n",
    ).then(() => sha256(readFileSync(join(session.dir, "taken"))))
  expect(await take(loginKeyFrom(session.credentials.access.password).privateKey)).toBe(sha256(book))
  const ann = makeSshKey()
  await restore.setPublicKeys([ann.public])
  expect((await told())?.publicKeys).toEqual([fingerprintOf(ann.public)])
  expect(await take(ann.private)).toBe(sha256(book))
  await restore.setPublicKeys([])
  await expect(take(ann.private)).rejects.toThrow(/Permission denied/)
}

test("when the deadline passes everything ends by itself", async () => {
  const pods = await startPods(session, image)
  await untilReady(pods)
  expect(qemusOf(session).length).toBe(1)
  const soon = new Date(Date.now() + 500).toISOString()
  await Promise.all([pods.controls.restore.setDeadline(soon), pods.controls.target.setDeadline(soon)])
  await expectNothingLeft(pods)
})

test("SIGTERM to both containers, as the kubelet sends it: a download under way is finished first", async () => {
  const pods = await startPods(session, image)
  const port = await untilReady(pods)
  const releasing = Promise.withResolvers<void>()
  const download = askFiles(session, port, bookPath, { pauseUntil: releasing.promise })
  await expect.poll(async () => (await pods.controls.restore.status()).usage.bytesRead, patience).toBeGreaterThan(0)
  for (const pod of [pods.files, pods.guest]) pod.kill("SIGTERM")
  await pods.files.logged("releasing")
  releasing.resolve()
  expect(sha256((await download).body)).toBe(sha256(book))
  expect(await Promise.all([pods.files.exited, pods.guest.exited])).toEqual([0, 0])
  expect((await pods.controls.target.status()).counters.initiators).toBe(0)
  pods.target.kill("SIGTERM")
  await expectNothingLeft(pods)
})

test("SIGTERM while it starts leaves nothing either", async () => {
  const pods = await startPods(session, image)
  await expect.poll(() => qemusOf(session).length, patience).toBe(1)
  for (const pod of [pods.files, pods.guest, pods.target]) pod.kill("SIGTERM")
  await expectNothingLeft(pods)
})

test("another session's operator is refused on the restore pod's control port", async () => {
  const files = startFiles(session, 9)
  const port = await portOf(files, "control listens")
  const identity = operatorIdentity(session.authority, "another-uid", new Date())
  const stranger = controlClient({ host: "127.0.0.1", port, identity, sessionUid: session.uid, role: "restore" })
  await expect(stranger.status()).rejects.toMatchObject({ code: "LoginRefused" })
  expect((await session.control("restore", port).status()).state).toBe("Starting")
})

test("QEMU that dies is started again once in place; the second time both containers say why and end", async () => {
  const pods = await startPods(session, image)
  const port = await untilReady(pods)
  const [first = 0] = qemusOf(session)
  process.kill(first, "SIGKILL")
  await expect.poll(async () => (await pods.controls.restore.status()).state, patience).toBe("Mounting")
  expect((await askFiles(session, port, bookPath)).status).toBe(503)
  await untilReady(pods)
  expect(sha256((await askFiles(session, port, bookPath)).body)).toBe(sha256(book))

  for (const pid of qemusOf(session)) process.kill(pid, "SIGKILL")
  expect(await Promise.all([pods.files.exited, pods.guest.exited])).toEqual([1, 1])
  expect(JSON.parse(termination("files"))).toMatchObject({ reason: "GuestFailed" })
  expect(JSON.parse(termination("guest"))).toMatchObject({ reason: "GuestFailed", message: /twice/ })
  expect((await pods.controls.target.status()).counters.initiators).toBe(0)
})

test("a file service that is killed takes the guest with it", async () => {
  const pods = await startPods(session, image)
  await untilReady(pods)
  pods.files.kill("SIGKILL")
  expect(await pods.guest.exited).toBe(0)
  expect(qemusOf(session)).toEqual([])
})

test("a target that is killed and comes back is logged in to again; reads go on", async () => {
  const pods = await startPods(session, image)
  const port = await untilReady(pods)
  pods.target.kill("SIGKILL")
  await pods.target.exited
  const download = askFiles(session, port, bookPath)
  const target = startTarget(session, image, pods.targetPort)
  await target.logged("serving")
  expect(sha256((await download).body)).toBe(sha256(book))
})

test("a wrong CHAP secret is final: LoginRefused in the termination message, and nothing runs on", async () => {
  const chapFile = join(session.secrets.restore, "chap.json")
  const chap = JSON.parse(readFileSync(chapFile, "utf8")) as Record<string, string>
  writeFileSync(chapFile, JSON.stringify({ ...chap, initiatorSecret: "another-secret-of-some-length" }))
  const target = startTarget(session, image)
  const guest = startGuest(session)
  const files = startFiles(session, await portOf(target, "serving"))
  expect(await files.exited).toBe(1)
  expect(JSON.parse(termination("files"))).toMatchObject({ reason: "LoginRefused" })
  expect(await guest.exited).toBe(0)
  expect(qemusOf(session)).toEqual([])
  const control = session.control("target", await portOf(target, "control listens"))
  expect((await control.status()).counters.refused["chap"]).toBe(1)
})

test("no secret is in any log, argument, environment or termination message", async () => {
  const pods = await startPods(session, image)
  await untilReady(pods)
  const { chap, access } = session.credentials
  const key = readFileSync(join(session.secrets.restore, "tls.key"), "utf8").split("\n")[1] ?? "missing"
  const secrets = [chap.initiatorSecret, chap.targetSecret, access.password, access.passwordSha256, key]
  const told = [pods.target, pods.files, pods.guest].flatMap((pod) => [
    pod.output(),
    readFileSync(`/proc/${pod.pid}/cmdline`, "latin1"),
    readFileSync(`/proc/${pod.pid}/environ`, "latin1"),
  ])
  for (const secret of secrets) expect(told.join("\n")).not.toContain(secret)
})
