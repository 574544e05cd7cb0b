import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from "vitest"
import type { NamedDisk } from "../../src/block/device.ts"
import { authorizePeer, sessionUri } from "../../src/pki/peer.ts"
import { readPodSecrets } from "../../src/pod/secrets.ts"
import { openFile } from "../../src/target/backends/file.ts"
import { startTarget } from "../../src/target/target.ts"
import { keepTestGuest, type KeptGuest } from "../support/guest/kept-guest.ts"
import { journalOf, trapped, type Trap } from "../support/guest/trapped-disk.ts"
import { silent } from "../support/iscsi-lab.ts"
import { portOf, stopAll } from "../support/process.ts"
import { askFiles, qemusOf, startFiles, startGuest } from "../support/restore-pods.ts"
import { run } from "../support/run.ts"
import { makeSession } from "../support/session.ts"

/** Volumes and disks that end the guest whenever it does something with them: real guests, really ended. */
let dir: string
let vm: KeptGuest | undefined
let journal: number

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "frk-deadly-"))
  await mkdir(join(dir, "tree"))
  await writeFile(join(dir, "tree/file"), "served all the same")
  await run("mke2fs", ["-q", "-t", "ext4", "-b", "1024", "-d", join(dir, "tree"), join(dir, "image"), "32M"])
  journal = await journalOf(join(dir, "image"))
})
afterEach(async () => {
  await vm?.stop()
  vm = undefined
  await stopAll()
})
afterAll(() => rm(dir, { recursive: true }))

async function disk(name: string, ...traps: Trap[]): Promise<NamedDisk> {
  const file = await openFile(join(dir, "image"))
  onTestFinished(() => file.close())
  return { name, serial: `serial-${name}`, device: trapped(file, traps) }
}

const kill = (signal: NodeJS.Signals) => process.kill(vm?.pids.at(-1) ?? 0, signal)
const found = () => Object.fromEntries((vm?.source.catalogue().volumes ?? []).map((volume) => [volume.path, volume]))

async function content(volume: string): Promise<string | undefined> {
  const reader = await vm?.source.open(volume)
  const parts: Buffer[] = []
  const range = { start: 0, end: 1000, signal: new AbortController().signal }
  for await (const part of reader?.read(Buffer.from("/file"), range) ?? []) parts.push(part)
  reader?.release()
  return Buffer.concat(parts).toString()
}

/** Each guest that has to boot takes its time on a machine that is busy. */
const patience = 400_000

test(
  "a volume that ends the guest when it is mounted is left out, once that is beyond doubt; the other is served",
  { timeout: patience },
  async () => {
    let times = 0
    // QEMU that is killed may be chance: the second guest hangs for good
    const spring = () => kill(times++ === 0 ? "SIGKILL" : "SIGSTOP")
    const disks = [await disk("good"), await disk("deadly", { at: journal, spring })]
    vm = await keepTestGuest(disks, { timeouts: { pingEveryMs: 500, pingMs: 20_000 } })
    await vm.came
    expect(found()).toMatchObject({
      good: { state: "Mounted", filesystem: "ext4" },
      deadly: {
        state: "Corrupt",
        reason: "VolumeCorrupt",
        filesystem: "ext4",
        message:
          "It ended the micro-VM twice while it was being mounted (it did not answer any more), and is left out.",
      },
    })
    expect(vm.pids.length).toBe(3)
    expect(await content("good")).toBe("served all the same")
    await expect(vm.source.open("deadly")).rejects.toMatchObject({
      code: "VolumeCorrupt",
      message: expect.stringContaining("left out"),
    })
  },
)

test(
  "a disk that ends the guest when it is looked at is found among the others and left out",
  { timeout: patience },
  async () => {
    const spring = () => kill("SIGKILL")
    const disks = [await disk("one"), await disk("two"), await disk("deadly", { at: (32 << 20) - 1, spring })]
    vm = await keepTestGuest(disks)
    await vm.came
    expect(found()).toMatchObject({
      one: { state: "Mounted" },
      two: { state: "Mounted" },
      deadly: {
        state: "Corrupt",
        kind: "unknown",
        sizeBytes: 32 << 20,
        stack: ["disk deadly"],
        message: expect.stringContaining("looked at"),
      },
    })
    expect(vm.source.catalogue().disks.map(({ sizeBytes }) => sizeBytes)).toEqual([32 << 20, 32 << 20, 32 << 20])
    expect(await content("two")).toBe("served all the same")
  },
)

test(
  "both containers of a restore pod go on without it, and outlive an end that nothing explains all the same",
  { timeout: patience },
  async () => {
    const session = makeSession()
    onTestFinished(() => session.remove())
    const killAll = () => qemusOf(session).forEach((pid) => process.kill(pid, "SIGKILL"))
    const { identity, chap } = await readPodSecrets(session.secrets.target, session.uid, "target")
    const disks = [await disk("data-0"), await disk("data-1", { at: journal, spring: killAll })]
    const target = await startTarget({
      host: "127.0.0.1",
      port: 0,
      iqn: session.iqn,
      tls: identity,
      chap,
      log: silent,
      disks: disks.map((disk, index) => ({ ...disk, serial: `abc-${index}` })),
      authorizePeer: authorizePeer(sessionUri(session.uid, "restore")),
    })
    onTestFinished(() => target.close())
    const pods = [startGuest(session), startFiles(session, target.port, 2)] as const
    const [guest, files] = pods
    const control = session.control("restore", await portOf(files, "control listens"))
    const becomes = async (state: string) => {
      await expect.poll(async () => (await control.status()).state, { timeout: patience, interval: 100 }).toBe(state)
    }

    await becomes("Ready")
    const { volumes } = await control.status()
    expect(volumes).toMatchObject([
      { path: "data-0", state: "Mounted" },
      {
        path: "data-1",
        state: "Corrupt",
        reason: "VolumeCorrupt",
        message: expect.stringContaining("twice while it was being mounted"),
      },
    ])
    killAll()
    await becomes("Mounting")
    await becomes("Ready")
    const port = await portOf(files, "ready")
    const { body } = await askFiles(session, port, "/v1/volumes/data-0/content?path=%2Ffile")
    expect(body.toString()).toBe("served all the same")
    const inShort = (all: typeof volumes) => all.map(({ path, state, message }) => ({ path, state, message }))
    expect(inShort((await control.status()).volumes)).toEqual(inShort(volumes))

    await control.release("UnmountRequested")
    await becomes("Released")
    files.kill("SIGTERM")
    expect(await Promise.all(pods.map(({ exited }) => exited))).toEqual([0, 0])
    expect(guest.output().match(/QEMU runs/g)?.length).toBe(4)
  },
)
