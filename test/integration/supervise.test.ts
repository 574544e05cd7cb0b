import { readFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pino from "pino"
import { afterAll, beforeAll, expect, test } from "vitest"
import { prepareAppliance } from "../../src/guest/appliance.ts"
import { superviseQemu } from "../../src/guest/supervise.ts"

/** Who ended QEMU: this decides whether a session's guest is started again, and what its container says. */
let dir: string
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), "frk-supervise-"))))
afterAll(() => rm(dir, { recursive: true }))

async function running(signal: AbortSignal) {
  const { promise: pid, resolve: started } = Promise.withResolvers<number>()
  const common = { memoryMiB: 256, cpus: 1, accel: "tcg", log: pino({ level: "silent" }) } as const
  const exit = superviseQemu({ ...(await prepareAppliance()), ...common, dir, signal, started })
  return { pid: await pid, exit }
}

const isZombie = (pid: number) => / Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"))

test("QEMU that died before it should end has died by itself, although nobody knew yet", async () => {
  const stop = new AbortController()
  const { pid, exit } = await running(stop.signal)
  process.kill(pid, "SIGKILL")
  while (!isZombie(pid)); // no news reaches this process meanwhile
  stop.abort()
  expect(await exit).toMatchObject({ asked: false, signal: "SIGKILL" })
})

test("QEMU that runs until it should end was asked", async () => {
  const stop = new AbortController()
  const { exit } = await running(stop.signal)
  stop.abort()
  expect(await exit).toMatchObject({ asked: true, signal: "SIGKILL" })
})
