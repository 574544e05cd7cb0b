import { createHash, randomBytes } from "node:crypto"
import { readFileSync, truncateSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import { once } from "node:events"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { portOf, startProcess, stopAll, type LoggedProcess } from "../support/process.ts"
import { makeSession, type TestSession } from "../support/session.ts"

/** The target pod's real process, which hashes its disks before and after serving them. */
let session: TestSession
const patience = { timeout: 60_000, interval: 50 }
const contents = [randomBytes(3 << 20), randomBytes(512)]
const hashOf = (content: Buffer) => createHash("sha256").update(content).digest("hex")
const hashes = contents.map((content) => hashOf(content))

beforeEach(() => {
  session = makeSession()
  contents.forEach((content, index) => writeFileSync(path(index), content))
})
afterEach(async () => {
  await stopAll()
  session.remove()
})

const path = (disk: number) => join(session.dir, `disk${disk}`)
/** More than anybody hashes in a minute. */
const makeHuge = () => truncateSync(path(0), 2 ** 40)

async function start(times: "before-and-after" | "after") {
  const own = {
    "session-uid": session.uid,
    "session-name": "shop/orders",
    iqn: session.iqn,
    secrets: session.secrets.target,
    deadline: new Date(Date.now() + 3_600_000).toISOString(),
    host: "127.0.0.1",
    "iscsi-port": "0",
    "control-port": "0",
    "termination-log": join(session.dir, "termination"),
    "hash-disks": times,
  }
  writeFileSync(own["termination-log"], "")
  const disks = contents.flatMap((_, index) => ["--disk", `data-${index}=abc-${index}=${path(index)}`])
  const args = Object.entries(own).map(([name, value]) => `--${name}=${value}`)
  const pod = startProcess("src/target.ts", [...args, ...disks])
  const control = session.control("target", await portOf(pod, "control listens"))
  const status = () => control.status().catch(() => undefined)
  const isIn = async (state: string) => {
    await expect.poll(async () => (await status())?.state, patience).toBe(state)
  }
  return { pod, control, status, isIn }
}

async function isServing(pod: LoggedProcess): Promise<void> {
  const socket = connect(await portOf(pod, "serving"), "127.0.0.1")
  await once(socket, "connect")
  socket.destroy()
}

test("it serves when its hashes are known, and hashes again when it is released", async () => {
  const { pod, control, status, isIn } = await start("before-and-after")
  await pod.logged("the disks are hashed; waiting to be told to serve them")
  expect(await control.status()).toMatchObject({
    state: "Hashing",
    disks: hashes.map((sha256Before, index) => ({ name: `data-${index}`, sha256Before })),
    hashing: { bytesDone: (3 << 20) + 512, bytesTotal: (3 << 20) + 512 },
    counters: { initiators: 0, bytesServed: 0 },
  })
  expect(pod.output()).not.toContain('"serving"')
  await control.serve()
  await isServing(pod)
  expect(await control.status()).not.toHaveProperty("hashing")

  const changed = randomBytes(512)
  writeFileSync(path(1), changed)
  await control.release("UnmountRequested", { hash: true })
  await isIn("Released")
  expect((await status())?.disks).toMatchObject([
    { sha256Before: hashes[0], sha256After: hashes[0] },
    { sha256Before: hashes[1], sha256After: hashOf(changed) },
  ])
  pod.kill("SIGTERM")
  expect(await pod.exited).toBe(0)
})

test("terabytes: it says how far it is, answers at once, and takes little memory", async () => {
  makeHuge()
  const { pod, status } = await start("before-and-after")
  await expect.poll(async () => (await status())?.hashing?.bytesDone ?? 0, patience).toBeGreaterThan(512 << 20)
  const asked = performance.now()
  expect(await status()).toMatchObject({ state: "Hashing", hashing: { bytesTotal: 2 ** 40 + 512 } })
  expect(performance.now() - asked).toBeLessThan(2000)
  const [, peakKiB] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pod.pid}/status`, "utf8")) ?? []
  expect(Number(peakKiB)).toBeLessThan(256 * 1024)
  pod.kill("SIGTERM")
  expect(await pod.exited).toBe(0)
})

test("released while it hashes for the first time, it lets go at once", async () => {
  makeHuge()
  const { control, status, isIn } = await start("before-and-after")
  await isIn("Hashing")
  await control.release("UnmountRequested", { hash: true })
  await isIn("Released")
  expect((await status())?.counters.initiators).toBe(0)
})

test("after another pod's hashes it serves at once, and hashes in the end only", async () => {
  const { pod, control, status, isIn } = await start("after")
  await isServing(pod)
  await control.release("Idle", { hash: true })
  await isIn("Released")
  expect((await status())?.disks).toEqual([
    { name: "data-0", serial: "abc-0", sizeBytes: 3 << 20, sha256After: hashes[0] },
    { name: "data-1", serial: "abc-1", sizeBytes: 512, sha256After: hashes[1] },
  ])
})

test("its deadline: nobody is served any more, the disks are hashed, and the result can be asked for", async () => {
  const { pod, control, status, isIn } = await start("after")
  await isServing(pod)
  await control.setDeadline(new Date().toISOString())
  await isIn("Released")
  expect((await status())?.disks.map(({ sha256After }) => sha256After)).toEqual(hashes)
})

/** A pod that hashes a terabyte after it has served it. */
async function hashingInTheEnd() {
  makeHuge()
  const started = await start("after")
  const { pod, control, status } = started
  await isServing(pod)
  await control.release("UnmountRequested", { hash: true })
  await expect.poll(async () => (await status())?.hashing?.bytesDone ?? 0, patience).toBeGreaterThan(0)
  expect(await status()).toMatchObject({ state: "Releasing", counters: { initiators: 0 } })
  return started
}

test("asked again, without hashes, it stops hashing and has released", async () => {
  const { control, status, isIn } = await hashingInTheEnd()
  await control.release("UnmountRequested")
  await isIn("Released")
  expect((await status())?.disks[0]).not.toHaveProperty("sha256After")
})

test("SIGTERM while it hashes in the end ends it at once", async () => {
  const { pod } = await hashingInTheEnd()
  pod.kill("SIGTERM")
  expect(await pod.exited).toBe(0)
})

test("a disk that can't be hashed before ends it, and its last words say which", async () => {
  truncateSync(path(0), (1 << 20) + 100) // served with zeros to the end of the block, but no block device is like that
  const { pod } = await start("before-and-after")
  expect(await pod.exited).toBe(1)
  expect(JSON.parse(readFileSync(join(session.dir, "termination"), "utf8"))).toEqual({
    reason: "DiskUnreadable",
    message: expect.stringMatching(/^Disk data-0 can't be hashed: it ends after .* without verifySource it is served/),
  })
})

test("a disk that can't be hashed after is told, the others are hashed", async () => {
  const { pod, control, status, isIn } = await start("after")
  await isServing(pod)
  truncateSync(path(0), 1 << 20)
  await control.release("UnmountRequested", { hash: true })
  await isIn("Released")
  const { disks, problem } = (await status()) ?? {}
  expect(disks?.map(({ sha256After }) => sha256After)).toEqual([undefined, hashes[1]])
  expect(problem).toEqual({ reason: "DiskUnreadable", message: expect.stringContaining("Disk data-0") })
})
