import { randomBytes } from "node:crypto"
import { chmodSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { controlClient } from "../../src/control/client.ts"
import { operatorIdentity } from "../../src/credentials/identity.ts"
import { connectInitiator } from "../../src/initiator/initiator.ts"
import { authorizePeer, sessionUri } from "../../src/pki/peer.ts"
import { MAX_SKEW_MS } from "../../src/pki/validity.ts"
import { readPodSecrets } from "../../src/pod/secrets.ts"
import { portOf, startProcess, stopAll, type LoggedProcess, type ProcessOptions } from "../support/process.ts"
import { makeSession, type TestSession } from "../support/session.ts"
import { createLog } from "../../src/observability/log.ts"

/** The target pod's real process, with a file as its disk and without a restore pod. */
let session: TestSession
const patience = { timeout: 60_000, interval: 100 }
const content = randomBytes(1 << 20)

beforeEach(() => {
  session = makeSession()
  writeFileSync(join(session.dir, "disk"), content)
  writeFileSync(join(session.dir, "termination"), "")
})
afterEach(async () => {
  await stopAll()
  session.remove()
})

function startTargetPod(extra: string[] = [], options: ProcessOptions = {}): LoggedProcess {
  const own = {
    "session-uid": session.uid,
    "session-name": "shop/orders",
    iqn: session.iqn,
    secrets: session.secrets.target,
    deadline: new Date(Date.now() + 3_600_000).toISOString(),
    host: "127.0.0.1",
    "iscsi-port": "0",
    "control-port": "0",
    disk: `data-0=abc-0=${join(session.dir, "disk")}`,
    "termination-log": join(session.dir, "termination"),
  }
  const args = Object.entries(own).map(([name, value]) => `--${name}=${value}`)
  return startProcess("src/target.ts", [...args, ...extra], options)
}

const termination = () => JSON.parse(readFileSync(join(session.dir, "termination"), "utf8")) as unknown

async function logIn(port: number) {
  const { identity, chap } = await readPodSecrets(session.secrets.restore, session.uid, "restore")
  return connectInitiator({
    host: "127.0.0.1",
    port,
    targetName: session.iqn,
    initiatorName: `${session.iqn}:restore`,
    tls: identity,
    chap,
    authorizePeer: authorizePeer(sessionUri(session.uid, "target")),
    log: createLog("error"),
  })
}

test("it serves, tells what it did, moves its deadline, is released, and exits 0 on SIGTERM", async () => {
  const pod = startTargetPod()
  const control = session.control("target", await portOf(pod, "control listens"))
  const initiator = await logIn(await portOf(pod, "serving"))
  const read = Buffer.alloc(content.length)
  await initiator.disks[0]?.device.read(read, 0)
  expect(read.equals(content)).toBe(true)

  const serving = await control.status()
  expect(serving).toMatchObject({
    role: "target",
    state: "Serving",
    disks: [{ name: "data-0", serial: "abc-0", sizeBytes: content.length }],
    counters: { initiators: 1, writeAttempts: 0, lastActivityAt: expect.any(String) },
  })
  expect(serving.counters.bytesServed).toBeGreaterThanOrEqual(content.length)
  const sooner = new Date(Date.now() + 1_800_000).toISOString()
  await control.setDeadline(sooner)
  // the time left is what is told, so the way there is added
  const { deadline, now } = await control.status()
  expect(Math.abs(Date.parse(deadline) - Date.parse(sooner))).toBeLessThan(1000)
  expect(Math.abs(Date.parse(now) - Date.now())).toBeLessThan(1000)

  await initiator.logout()
  await control.release("UnmountRequested")
  await expect.poll(async () => (await control.status()).state, patience).toBe("Released")
  expect((await control.status()).counters.initiators).toBe(0)
  pod.kill("SIGTERM")
  expect(await pod.exited).toBe(0)
  expect(readFileSync(join(session.dir, "termination"), "utf8")).toBe("")
})

test("one that is deleted can still be asked what it has served, and then ends", async () => {
  const pod = startTargetPod()
  const control = session.control("target", await portOf(pod, "control listens"))
  const initiator = await logIn(await portOf(pod, "serving"))
  await control.status()
  await initiator.disks[0]?.device.read(Buffer.alloc(content.length), 0)
  pod.kill("SIGTERM")
  await pod.logged("released")
  const { state, counters } = await control.status()
  expect(state).toBe("Released")
  expect(counters.bytesServed).toBeGreaterThanOrEqual(content.length)
  expect(await pod.exited).toBe(0)
  await initiator.logout()
})

test("an initiator that is still there is asked to leave; Released says 0 of them", async () => {
  const pod = startTargetPod()
  const control = session.control("target", await portOf(pod, "control listens"))
  const initiator = await logIn(await portOf(pod, "serving"))
  await control.release("TtlEnded")
  await expect.poll(async () => (await control.status()).state, patience).toBe("Released")
  expect((await control.status()).counters.initiators).toBe(0)
  await initiator.logout()
})

test("it ends by itself at its deadline, logged in or not", async () => {
  const pod = startTargetPod()
  const control = session.control("target", await portOf(pod, "control listens"))
  const initiator = await logIn(await portOf(pod, "serving"))
  await control.setDeadline(new Date().toISOString())
  expect(await pod.exited).toBe(0)
  await initiator.logout()
})

test("no deadline goes past the hard end, further than clocks may be apart", async () => {
  session.remove()
  session = makeSession({ hardEndMs: 600_000 })
  writeFileSync(join(session.dir, "disk"), content)
  const pod = startTargetPod()
  const control = session.control("target", await portOf(pod, "control listens"))
  await pod.logged("serving")
  const { deadline } = await control.status()
  expect(Date.parse(deadline)).toBeLessThanOrEqual(Date.now() + 600_000 + MAX_SKEW_MS)
  await control.setDeadline(new Date(Date.now() + 86_400_000).toISOString())
  expect((await control.status()).deadline).toBe(deadline)
})

test("another session's operator is refused on the control port", async () => {
  const pod = startTargetPod()
  const port = await portOf(pod, "control listens")
  const identity = operatorIdentity(session.authority, "another-uid", new Date())
  const control = controlClient({ host: "127.0.0.1", port, identity, sessionUid: session.uid, role: "target" })
  await expect(control.release("UnmountRequested")).rejects.toMatchObject({ code: "LoginRefused" })
  await pod.logged("control request refused")
  await pod.logged("serving")
  expect((await session.control("target", port).status()).state).toBe("Serving")
})

test("SIGTERM while the device is waited for ends it at once", async () => {
  const pod = startTargetPod(["--disk", `late=abc-1=${join(session.dir, "not-there")}`])
  await pod.logged("control listens")
  pod.kill("SIGTERM")
  expect(await pod.exited).toBe(0)
})

test.each([
  ["a device that does not appear", () => ["--disk=late=abc-1=/nonexistent/disk"], "DiskUnreadable", /Disk late: /],
  ["the restore pod's Secret", () => [`--secrets=${session.secrets.restore}`], "LoginRefused", /as target/],
])("%s is told in the termination message, exit code 1", async (_, extra, reason, message) => {
  const pod = startTargetPod([...extra(), "--device-timeout=0"])
  expect(await pod.exited).toBe(1)
  expect(termination()).toEqual({ reason, message: expect.stringMatching(message) })
})

test("an argument nobody knows is a UsageError in the log, exit code 1", async () => {
  const pod = startTargetPod(["--what"])
  expect(await pod.exited).toBe(1)
  expect(await pod.logged("failed")).toMatchObject({
    err: { code: "UsageError", message: expect.stringMatching(/what/) },
  })
})

test("a device that may not be opened is told with both cures", async () => {
  chmodSync(join(session.dir, "disk"), 0)
  const pod = startTargetPod([], { unprivileged: true })
  expect(await pod.exited).toBe(1)
  expect(termination()).toEqual({
    reason: "DeviceNotReadable",
    message: expect.stringMatching(/ownership.*diskGroup/s),
  })
})

test("no secret is ever logged", async () => {
  const pod = startTargetPod(["--log-level", "debug"])
  const initiator = await logIn(await portOf(pod, "serving"))
  await initiator.logout()
  pod.kill("SIGTERM")
  await pod.exited
  const { chap, access } = session.credentials
  const key = readFileSync(join(session.secrets.target, "tls.key"), "utf8").split("\n")[1] ?? "missing"
  for (const secret of [chap.initiatorSecret, chap.targetSecret, access.password, key])
    expect(pod.output()).not.toContain(secret)
})
