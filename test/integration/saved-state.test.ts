import { createHash } from "node:crypto"
import { mkdtemp, readdir, rm, stat, truncate } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { prepareAppliance } from "../../src/guest/appliance.ts"
import { Control } from "../../src/guest/control.ts"
import { GuestClock } from "../../src/guest/cpu/guest-clock.ts"
import type { GuestLog } from "../../src/guest/log.ts"
import { History } from "../../src/guest/history.ts"
import { PortPool } from "../../src/guest/port-pool.ts"
import { awaitQmp } from "../../src/guest/qmp.ts"
import { findState } from "../../src/guest/saved/folder.ts"
import { untilRestored } from "../../src/guest/saved/restored.ts"
import type { SessionHost } from "../../src/guest/session.ts"
import { awaitSocket } from "../../src/guest/socket.ts"
import type { StartOptions } from "../../src/guest/start.ts"
import { Stuck } from "../../src/guest/stuck.ts"
import { superviseQemu } from "../../src/guest/supervise.ts"
import { runVerb } from "../../src/guest/verb.ts"
import { plainImages } from "../support/guest/images.ts"
import { startTestGuest } from "../support/guest/test-guest.ts"

/** Guests out of a folder of states that is empty at first. Each test goes on with what the one before it has left. */
const { signal } = new AbortController()
const size = { memoryMiB: 256, cpus: 1 } as const
let dir: string
let states: string
let image: string
let savedAt = 0

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "frk-saved-"))
  states = join(dir, "states")
  image = join(await plainImages(), "small.img")
})

afterAll(() => rm(dir, { recursive: true }))

/** Starts a guest, reads a file through it, and ends it. What it logged says how it came up. */
async function served(options: Partial<StartOptions> = {}): Promise<string> {
  const logged: string[] = []
  const write = (about: object, message = "") => logged.push(`${message} ${JSON.stringify(about)}`)
  const log = { debug: write, info: write, warn: write, error: write } as unknown as GuestLog
  const vm = await startTestGuest([image], { ...size, states, log, ...options })
  try {
    const sum = await vm.guest.sha256("small", Buffer.from("/f7"))
    expect(sum).toBe(createHash("sha256").update("7").digest("hex"))
  } finally {
    await vm.stop()
  }
  return logged.join("\n")
}

const restored = '"restored":true'
const booted = '"restored":false'
const saved = "the state of the booted micro-VM is saved"

async function onlyState(): Promise<string> {
  const [name = "", ...others] = await readdir(states)
  expect(others).toEqual([])
  return name
}

test("two first guests at once boot, and each saves its state before it sees a disk: one is kept", async () => {
  const logs = await Promise.all([served(), served()])
  savedAt = Date.now()
  for (const log of logs) {
    expect(log).toContain(booted)
    expect(log.indexOf(saved)).toBeGreaterThan(0)
    expect(log.indexOf(saved)).toBeLessThan(log.indexOf("the guest answers"))
  }
  const { mode, size } = await stat(join(states, await onlyState()))
  expect(mode & 0o777).toBe(0o600)
  expect(size).toBeLessThan(320 << 20)
})

test("guests after it go on from it, two at once as well", async () => {
  const logs = await Promise.all([served(), served()])
  for (const log of logs) {
    expect(log).toContain(restored)
    expect(log).not.toContain(booted)
  }
})

test("a guest that is to boot does, and other arguments have no state", async () => {
  const log = await served({ boot: "cold", sessions: 3 })
  expect(log).toContain(booted)
  expect(log).not.toContain(saved)
  const before = await onlyState()
  const abort = new AbortController()
  const started = () => abort.abort(new Error("it has started"))
  await expect(served({ sessions: 3, signal: abort.signal, started })).rejects.toThrow("it has started")
  expect(await onlyState()).toBe(before)
})

test("two guests of one state have the time of now and no randomness in common", async () => {
  const looks = await Promise.all([look("one"), look("two")])
  const ageMs = Date.now() - savedAt
  const words = looks.flatMap(({ random }) => random)
  expect(new Set(words).size).toBe(words.length)
  for (const { aheadMs } of looks) expect(Math.abs(aheadMs)).toBeLessThan(ageMs / 2)
})

test("a truncated state costs a boot, and is replaced", async () => {
  const name = await onlyState()
  await truncate(join(states, name), 40 << 20)
  const log = await served()
  expect(log).toContain("the saved state of the micro-VM is of no use; it boots instead")
  expect(log).toContain(booted)
  expect(await onlyState()).toBe(name)
  expect((await stat(join(states, name))).size).toBeGreaterThan(40 << 20)
})

/** What a guest out of the state, to which nothing but hello was said, finds in its own kernel. */
async function look(name: string): Promise<{ random: string[]; aheadMs: number }> {
  const sockets = await mkdtemp(join(dir, name))
  const stop = new AbortController()
  await using state = await findState(states, await onlyState())
  const log = { debug: () => undefined } as unknown as GuestLog
  const appliance = await prepareAppliance()
  const qemu = superviseQemu({ ...appliance, ...size, accel: "tcg", dir: sockets, state, log, signal: stop.signal })
  try {
    const clock = GuestClock.of(sockets, { log })
    const qmp = await awaitQmp(`${sockets}/qmp`, { clock, commandMs: 60_000 }, signal)
    await qmp.execute("qmp_capabilities")
    await untilRestored(qmp)
    const control = new Control(await awaitSocket(`${sockets}/ctl`, signal))
    await control.hello()
    const stuck = new Stuck({ clock, graceMs: 60_000, most: 1, starved: () => false, tooMany: () => stop.abort() })
    const host = { dir: sockets, control, ports: new PortPool(1), underWay: new History().guest(), stuck, clock }
    const uuid = () => verb(host, "cat", "/", "/proc/sys/kernel/random/uuid")
    const bootId = await verb(host, "cat", "/", "/proc/sys/kernel/random/boot_id")
    const random = [bootId, await uuid(), await uuid()]
    const before = Date.now()
    // what there is of a process in /proc is as old as the look at it
    const files = await verb(host, "search", "/", "/proc/1/attr")
    const times = [...files.matchAll(/^\w \d+ \d+ \d+ \d+ (\d+)\.\d+$/gm)].map(([, seconds]) => Number(seconds))
    return { random, aheadMs: Math.max(...times) * 1000 - before }
  } finally {
    stop.abort()
    await qemu
  }
}

async function verb(host: SessionHost, name: string, ...words: string[]): Promise<string> {
  const output = await runVerb(host, name, words, { maxBytes: 1 << 20, failed: (message) => new Error(message) })
  return output.toString("latin1").replaceAll("\0", "\n").trim()
}
