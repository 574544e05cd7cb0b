import { execFile } from "node:child_process"
import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, test } from "vitest"
import { writeDirtyJournal } from "../support/dirty-journal.ts"
import { plainImages } from "../support/guest/images.ts"
import { startTestGuest, type TestGuest } from "../support/guest/test-guest.ts"
import { vmImages } from "../support/guest/vm-images.ts"

/** A guest whose overlay has less room than the replay of a journal takes, and one that has more. */
const run = promisify(execFile)
const journalKiB = 24 * 1024
let dir: string
let overlay: string
let dirty: string
let others: string[]

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "frk-overlay-"))
  overlay = join(dir, "overlay")
  await mkdir(overlay)
  dirty = join(dir, "dirty.img")
  await writeFile(dirty, "")
  await truncate(dirty, 256 << 20)
  const env = { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` }
  await run("bash", ["-euc", writeDirtyJournal(dirty, journalKiB / 1024)], { env })
  const plain = await plainImages()
  others = ["corrupt", "small"].map((name) => join(plain, `${name}.img`))
})

afterAll(async () => {
  await rm(dir, { recursive: true })
})

async function withOverlay(kib: number, disks: string[], body: (guest: TestGuest["guest"]) => Promise<void>) {
  await using ends = new AsyncDisposableStack()
  await run("mount", ["-t", "tmpfs", "-o", `size=${kib}k`, "tmpfs", overlay])
  ends.defer(async () => void (await run("umount", [overlay])))
  const vm = await startTestGuest(disks, { overlayDir: overlay })
  ends.defer(() => vm.stop())
  await body(vm.guest)
}

const states = (guest: TestGuest["guest"]) =>
  guest.catalogue().volumes.map(({ path, state, reason }) => [path, state, reason])

test("too small: the volume says so, and so does whoever opens it; the others are as ever", async () => {
  await withOverlay(journalKiB / 2, [dirty, ...others], async (guest) => {
    expect(states(guest)).toEqual([
      ["dirty", "Unsupported", "OverlayFull"],
      ["corrupt", "Corrupt", "VolumeCorrupt"],
      ["small", "Mounted", undefined],
    ])
    const message = expect.stringMatching(/guest\.overlayMiB\) is full: EXT4-fs/)
    await expect(guest.open("dirty")).rejects.toMatchObject({ code: "OverlayFull", message })
    const small = await guest.open("small")
    await small.stat(Buffer.from("/"))
    small.release()
  })
})

test("large enough: it is mounted", async () => {
  await withOverlay(journalKiB * 2, [dirty], async (guest) => {
    expect(states(guest)).toEqual([["dirty", "Mounted", undefined]])
  })
})

test("too small for an XFS that crashed", async () => {
  const xfs = join(await vmImages(), "dirty-xfs.img")
  // what QEMU needs for itself, and little more
  await withOverlay(400, [xfs], async (guest) => {
    expect(states(guest)).toEqual([["dirty-xfs", "Unsupported", "OverlayFull"]])
  })
})
