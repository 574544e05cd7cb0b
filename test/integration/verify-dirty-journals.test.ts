import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { copyImage } from "../support/guest/images.ts"
import { dirtyFiles, vmImages } from "../support/guest/vm-images.ts"
import { hashFile } from "../support/hashes.ts"
import { portOf, stopAll } from "../support/process.ts"
import { askFiles, startFiles, startGuest, startTarget } from "../support/restore-pods.ts"
import { makeSession, type TestSession } from "../support/session.ts"

/** All of a session's processes over file systems that crashed: their journals are replayed, and the disks stay as they are. */
const patience = { timeout: 90_000, interval: 100 }
const names = ["dirty-ext4", "dirty-xfs"]
let session: TestSession
let disks: string[]

beforeEach(async () => {
  const images = await vmImages()
  session = makeSession()
  disks = names.map((name) => join(session.dir, `${name}.img`))
  for (const name of names) await copyImage(join(images, `${name}.img`), join(session.dir, `${name}.img`))
})
afterEach(async () => {
  await stopAll()
  session.remove()
})

test("what only a journal holds is read, and both disks have the same sha256 before and after", async () => {
  const hashes = await Promise.all(disks.map((disk) => hashFile(disk)))
  const target = startTarget(session, disks, 0, ["--hash-disks", "before-and-after"])
  const guest = startGuest(session)
  const control = session.control("target", await portOf(target, "control listens"))
  await target.logged("the disks are hashed; waiting to be told to serve them")
  expect((await control.status()).disks.map(({ sha256Before }) => sha256Before)).toEqual(hashes)
  await control.serve()

  const files = startFiles(session, await portOf(target, "serving"), disks.length)
  const restore = session.control("restore", await portOf(files, "control listens"))
  await expect.poll(async () => (await restore.status()).state, patience).toBe("Ready")
  const { volumes } = await restore.status()
  expect(volumes.map(({ filesystem, state }) => [filesystem, state])).toEqual([
    ["ext4", "Mounted"],
    ["xfs", "Mounted"],
  ])
  const last = `content?path=${encodeURIComponent(`/written/f${dirtyFiles - 1}`)}`
  for (const { path } of volumes) {
    const { status, body } = await askFiles(session, await portOf(files, "ready"), `/v1/volumes/${path}/${last}`)
    expect([path, status, body.toString()]).toEqual([path, 200, `${dirtyFiles - 1}\n`])
  }

  await restore.release("UnmountRequested")
  await expect.poll(async () => (await restore.status()).state, patience).toBe("Released")
  await control.release("UnmountRequested", { hash: true })
  await expect.poll(async () => (await control.status()).state, patience).toBe("Released")
  const released = await control.status()
  expect(released.disks.map(({ sha256After }) => sha256After)).toEqual(hashes)
  expect(released.counters).toMatchObject({ initiators: 0, writeAttempts: 0 })
  expect(await Promise.all(disks.map((disk) => hashFile(disk)))).toEqual(hashes)
  for (const pod of [files, target]) pod.kill("SIGTERM")
  expect(await Promise.all([files.exited, guest.exited, target.exited])).toEqual([0, 0, 0])
})
