import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { makeImage } from "../support/image.ts"
import { portOf, stopAll } from "../support/process.ts"
import { askFiles, qemusOf, startFiles, startGuest, startTarget } from "../support/restore-pods.ts"
import { makeSession, type TestSession } from "../support/session.ts"

/** A session with two recovery points as real processes on loopback: target, file service, two guests. */
const patience = { timeout: 90_000, interval: 100 }
const times = ["2026-11-21T03:00:00Z", "2026-11-22T03:00:00Z"]
let images: string
let session: TestSession

beforeAll(async () => {
  images = mkdtempSync(join(tmpdir(), "frs-points-"))
  session = makeSession()
  for (const time of times) await makeImage(join(images, time), { which: Buffer.from(time) })
})
afterAll(async () => {
  await stopAll()
  session.remove()
  rmSync(images, { recursive: true, force: true })
})

test("each point has its guest; one that dies is missed by its own files only; all are switched off in the end", async () => {
  const target = startTarget(
    session,
    times.map((time) => join(images, time)),
  )
  const points = [...times.map((time) => `--point=${time}`), "--log-level=debug"]
  const files = startFiles(session, await portOf(target, "serving"), 2, points)
  const first = startGuest(session, "run/1")
  // both have their overlays in one directory here, under equal names until they are open; in a pod each has its own
  await files.logged("volumes found and mounted")
  const control = session.control("restore", await portOf(files, "control listens"))
  expect((await control.status()).state).toBe("Mounting")
  const second = startGuest(session, "run/2")
  await expect.poll(async () => (await control.status()).state, patience).toBe("Ready")
  const port = await portOf(files, "ready")
  const which = async (point: number) => {
    const path = `/v1/volumes/point${point}-data-${point - 1}-p1/content?path=%2Fwhich`
    const { status, body } = await askFiles(session, port, path)
    return status === 200 ? body.toString() : status
  }
  expect([await which(1), await which(2)]).toEqual(times)
  expect((await control.status()).volumes).toMatchObject([
    { path: "point1-data-0-p1", point: 1, stack: [`recovery point 1, ${times[0]}`, "disk data-0", "gpt partition 1"] },
    { path: "point2-data-1-p1", point: 2, stack: [`recovery point 2, ${times[1]}`, "disk data-1", "gpt partition 1"] },
  ])

  const [guestOfFirst = 0] = qemusOf(session, "run/1/")
  process.kill(guestOfFirst, "SIGKILL")
  await expect.poll(async () => (await control.status()).state, patience).toBe("Mounting")
  expect([await which(1), await which(2)]).toEqual([503, times[1]])
  await expect.poll(async () => (await control.status()).state, patience).toBe("Ready")
  expect([await which(1), await which(2)]).toEqual(times)

  await control.release("UnmountRequested")
  await expect.poll(async () => (await control.status()).state, patience).toBe("Released")
  expect(await Promise.all([first.exited, second.exited])).toEqual([0, 0])
  expect(qemusOf(session)).toEqual([])
  files.kill("SIGTERM")
  expect(await files.exited).toBe(0)
  expect(["run/1", "run/2"].flatMap((place) => readdirSync(join(session.dir, place)))).toEqual([])
})
