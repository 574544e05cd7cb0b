import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pino from "pino"
import { prepareAppliance } from "../../../src/guest/appliance.ts"
import type { Guest } from "../../../src/guest/guest.ts"
import { startGuest, type StartOptions } from "../../../src/guest/start.ts"
import { serveImage, type ServedImage } from "./nbd.ts"

export interface TestGuest {
  readonly guest: Guest
  readonly disks: readonly ServedImage[]
  /** QEMU's process. */
  readonly pid: number
  /** Ends the guest and the servers of its disks, whatever state they are in. */
  stop(): Promise<void>
}

/** A guest with the images as its disks, each served by qemu-nbd. */
export async function startTestGuest(
  images: readonly string[],
  options: Partial<StartOptions> = {},
): Promise<TestGuest> {
  const dir = await mkdtemp(join(tmpdir(), "frk-test-"))
  const disks = await Promise.all(images.map((image, index) => serveImage(image, dir, index)))
  const end = new AbortController()
  const cleanUp = async () => {
    end.abort()
    await Promise.all(disks.map((disk) => disk.stop()))
    await rm(dir, { recursive: true, force: true })
  }
  try {
    let pid = 0
    const guest = await startGuest({
      ...(await prepareAppliance()),
      disks,
      log: pino({ level: "silent" }),
      signal: end.signal,
      started: (started) => (pid = started),
      ...options,
    })
    const stop = async () => {
      end.abort()
      await guest.closed
      await cleanUp()
    }
    return { guest, disks, pid, stop }
  } catch (error) {
    await cleanUp()
    throw error
  }
}

/** Is there such a process? A zombie is none. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
