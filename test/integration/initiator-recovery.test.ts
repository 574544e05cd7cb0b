import { fork, type ChildProcess } from "node:child_process"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import type { Initiator } from "../../src/initiator/initiator.ts"
import type { InitiatorLimits, InitiatorOptions } from "../../src/initiator/options.ts"
import type { TargetOptions } from "../../src/target/options.ts"
import type { Target } from "../../src/target/target.ts"
import * as labs from "../support/iscsi-lab.ts"
import { openRelay, type Relay } from "../support/relay.ts"
import type { TargetOrder } from "../support/target-process.ts"
import { waitFor } from "../support/wait.ts"

const mebibyte = 1 << 20
/** A NOP-In in its TLS record. */
const pingBytes = 48 + 22
/** Quick enough for a test, slow enough for a busy machine. */
const hurried: Partial<InitiatorLimits> = {
  backOff: { firstMs: 10, mostMs: 50 },
  silence: { pingAfterMs: 300, deadAfterMs: 700 },
}

async function targetOf(
  disks: Parameters<typeof labs.startLabTarget>[0],
  options: Partial<TargetOptions> = {},
): Promise<Target> {
  const target = await labs.startLabTarget(disks, options)
  onTestFinished(() => target.close())
  return target
}

async function relayTo(port: number): Promise<Relay> {
  const relay = await openRelay(port)
  onTestFinished(() => relay.close())
  return relay
}

async function initiatorOf(port: number, options: Partial<InitiatorOptions> = {}): Promise<Initiator> {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  return labs.connectLabInitiator(port, { signal: stop.signal, limits: hurried, ...options })
}

async function readAll({ disks }: Initiator, bytes: number): Promise<string> {
  const content = Buffer.alloc(bytes)
  await disks[0]?.device.read(content, 0)
  return labs.sha256(content)
}

const reaches = (initiator: Initiator, state: string) =>
  waitFor(`state ${state}`, async () => initiator.state === state, { seconds: 10, everyMs: 5 })

describe("a connection", () => {
  test("that is cut again and again in the middle of a read costs no byte", async () => {
    const disk = labs.randomDisk("disk-1", 24 * mebibyte)
    const target = await targetOf([disk])
    const relay = await relayTo(target.port)
    const initiator = await initiatorOf(relay.port)
    const cutEvery = () => {
      relay.cut()
      if (relay.accepted() < 5) relay.after(3 * mebibyte, cutEvery)
    }
    relay.after(3 * mebibyte, cutEvery)
    expect(await readAll(initiator, disk.content.length)).toBe(labs.sha256(disk.content))
    expect(relay.accepted()).toBeGreaterThanOrEqual(4)
    expect(target.counters().sessions.now).toBe(1)
  })

  test("that goes silent is found dead at both ends, and the read completes on a new one", async () => {
    const disk = labs.randomDisk("disk-1", 8 * mebibyte)
    const target = await targetOf([disk], { limits: { silence: { pingAfterMs: 300, deadAfterMs: 700 } } })
    const relay = await relayTo(target.port)
    const initiator = await initiatorOf(relay.port)
    relay.after(mebibyte, () => relay.stall())
    const read = readAll(initiator, disk.content.length)
    await reaches(initiator, "reconnecting")
    relay.cut()
    expect(await read).toBe(labs.sha256(disk.content))
  })

  test("that is idle is kept alive by pings of both ends", async () => {
    const disk = labs.randomDisk("disk-1", mebibyte)
    const silence = { pingAfterMs: 50, deadAfterMs: 2000 }
    const target = await targetOf([disk], { limits: { silence } })
    const relay = await relayTo(target.port)
    const initiator = await initiatorOf(relay.port, { limits: { ...hurried, silence } })
    await new Promise<void>((resolve) => relay.after(12 * pingBytes, resolve))
    expect([initiator.state, target.counters().sessions]).toEqual(["connected", { now: 1, total: 1 }])
  })

  test("of an initiator that vanished is ended by the target", async () => {
    const target = await targetOf([labs.randomDisk("disk-1", mebibyte)], {
      limits: { silence: { pingAfterMs: 100, deadAfterMs: 200 } },
    })
    const relay = await relayTo(target.port)
    await initiatorOf(relay.port, { limits: { silence: { pingAfterMs: 60_000, deadAfterMs: 60_000 } } })
    relay.stall()
    await waitFor("no session", async () => target.counters().sessions.now === 0, { seconds: 10, everyMs: 10 })
    expect(target.counters().sessions.total).toBe(1)
  })
})

describe("a target that is killed in the middle of a read", () => {
  async function startProcess(path: string): Promise<{ child: ChildProcess; port: number }> {
    const child = fork(new URL("../support/target-process.ts", import.meta.url))
    onTestFinished(() => void child.kill("SIGKILL"))
    const order: TargetOrder = {
      path,
      serial: "disk-1",
      peer: "filerecovery://lab/restore",
      iqn: labs.targetName,
      tls: labs.lab.target,
      chap: labs.chap,
    }
    child.send(order)
    const [port] = (await once(child, "message")) as [number]
    return { child, port }
  }

  test("and started again elsewhere lets the read complete with the right bytes", async () => {
    const directory = mkdtempSync(join(tmpdir(), "target-"))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const path = join(directory, "disk.raw")
    const content = randomBytes(64 * mebibyte)
    writeFileSync(path, content)
    const first = await startProcess(path)
    const relay = await relayTo(first.port)
    const initiator = await initiatorOf(relay.port)
    const replaceTarget = async () => {
      await new Promise<void>((resolve) => relay.after(10 * mebibyte, resolve))
      first.child.kill("SIGKILL")
      await once(first.child, "exit")
      const second = await startProcess(path)
      relay.aim(second.port)
    }
    const replaced = replaceTarget()
    expect(await readAll(initiator, content.length)).toBe(labs.sha256(content))
    await replaced
    expect(initiator.state).toBe("connected")
  })
})

describe("a read", () => {
  test("fails when the target stays away longer than the initiator waits", async () => {
    const target = await targetOf([labs.randomDisk("disk-1", mebibyte)])
    const initiator = await initiatorOf(target.port, { limits: { ...hurried, giveUpAfterMs: 200 } })
    await target.close()
    await expect(readAll(initiator, mebibyte)).rejects.toMatchObject({ code: "ConnectionLost" })
    expect(initiator.state).toBe("failed")
  })

  test("fails at once when the initiator is stopped, and nothing is written into its buffer any more", async () => {
    const target = await targetOf([labs.randomDisk("disk-1", 32 * mebibyte)])
    const relay = await relayTo(target.port)
    const stop = new AbortController()
    const initiator = await initiatorOf(relay.port, { signal: stop.signal })
    const into = Buffer.alloc(32 * mebibyte)
    const read = initiator.disks[0]?.device.read(into, 0)
    relay.after(mebibyte, () => stop.abort())
    await expect(read).rejects.toMatchObject({ code: "ConnectionLost" })
    const before = labs.sha256(into)
    await waitFor("no session", async () => target.counters().sessions.now === 0, { seconds: 10, everyMs: 10 })
    expect([labs.sha256(into), initiator.state]).toEqual([before, "closed"])
  })

  test("fails when another disk is behind the target that came back", async () => {
    const target = await targetOf([labs.randomDisk("disk-1", mebibyte)])
    const relay = await relayTo(target.port)
    const initiator = await initiatorOf(relay.port)
    const other = await targetOf([labs.randomDisk("disk-2", mebibyte)])
    relay.aim(other.port)
    relay.cut()
    await reaches(initiator, "failed")
    await expect(readAll(initiator, mebibyte)).rejects.toThrow(/isn't disk disk-1 any more/)
  })

  test("of a disk that can't be read is told as such, and others go on", async () => {
    const good = labs.randomDisk("disk-2", mebibyte)
    const bad = { ...labs.randomDisk("disk-1", mebibyte) }
    bad.device = { ...bad.device, read: () => Promise.reject(new Error("I/O error")) }
    const target = await targetOf([bad, good])
    const initiator = await initiatorOf(target.port)
    await expect(readAll(initiator, 4096)).rejects.toMatchObject({
      code: "DiskUnreadable",
      message: expect.stringContaining("disk-1"),
    })
    const content = Buffer.alloc(mebibyte)
    await initiator.disks[1]?.device.read(content, 0)
    expect(labs.sha256(content)).toBe(labs.sha256(good.content))
  })
})

describe("release", () => {
  test("asks initiators to log out, refuses new ones, and is over when nobody is left", async () => {
    const target = await targetOf([labs.randomDisk("disk-1", mebibyte)])
    const initiator = await initiatorOf(target.port)
    await target.release()
    expect(target.counters().sessions).toEqual({ now: 0, total: 1 })
    const late = labs.connectLabInitiator(target.port, { limits: { giveUpAfterMs: 100 } })
    await expect(late).rejects.toThrow(/service unavailable/)
    expect([target.counters().sessions.total, initiator.state]).toEqual([1, "reconnecting"])
  })

  test("lets a read under way finish first", async () => {
    const disk = labs.randomDisk("disk-1", 32 * mebibyte)
    const target = await targetOf([disk])
    const relay = await relayTo(target.port)
    const initiator = await initiatorOf(relay.port, { limits: { ...hurried, queueDepth: 64 } })
    const released = new Promise<void>((resolve) => relay.after(mebibyte, () => resolve(target.release())))
    expect(await readAll(initiator, disk.content.length)).toBe(labs.sha256(disk.content))
    await released
    expect(target.counters().sessions.now).toBe(0)
  })
})

test("logout tells the target; reads after it fail", async () => {
  const target = await targetOf([labs.randomDisk("disk-1", mebibyte)])
  const initiator = await initiatorOf(target.port)
  const states: string[] = []
  initiator.onState((state) => states.push(state))
  await initiator.logout()
  expect(target.counters().sessions).toEqual({ now: 0, total: 1 })
  await expect(readAll(initiator, 512)).rejects.toMatchObject({ code: "ConnectionLost" })
  expect(states).toEqual(["closed"])
})
