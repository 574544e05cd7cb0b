import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pino from "pino"
import type { NamedDisk } from "../../../src/block/device.ts"
import { prepareAppliance } from "../../../src/guest/appliance.ts"
import { CurrentGuest } from "../../../src/guest/current-guest.ts"
import type { Guest } from "../../../src/guest/guest.ts"
import { keepGuest } from "../../../src/guest/keep.ts"
import { startGuest, type StartOptions } from "../../../src/guest/start.ts"
import { serveNbd } from "../../../src/nbd/server.ts"

export interface KeptGuest {
  readonly source: CurrentGuest
  /** QEMU's processes, one after the other. */
  readonly pids: readonly number[]
  /** Resolves when a guest is there; rejects when there will be none. */
  readonly came: Promise<void>
  readonly kept: Promise<void>
  stop(): Promise<void>
}

/** A guest that is kept, with these disks, from this process's own NBD server. */
export async function keepTestGuest(
  disks: readonly NamedDisk[],
  options: Partial<StartOptions> = {},
): Promise<KeptGuest> {
  const dir = await mkdtemp(join(tmpdir(), "frk-kept-"))
  const log = pino({ level: "silent" })
  const nbdSocket = join(dir, "nbd")
  const nbd = await serveNbd({
    path: nbdSocket,
    exports: new Map(disks.map((disk) => [disk.serial, disk.device])),
    log,
  })
  const pids: number[] = []
  const end = new AbortController()
  const source = new CurrentGuest()
  const came = Promise.withResolvers<void>()
  let last: Guest | undefined
  const appliance = await prepareAppliance()
  const given = disks.map(({ name, serial, device }) => {
    return { name, serial, nbdSocket, export: serial, sizeBytes: device.sizeBytes }
  })
  const kept = keepGuest({
    start: (history) =>
      startGuest({
        ...appliance,
        disks: given,
        history,
        log,
        signal: end.signal,
        started: (pid) => void pids.push(pid),
        memoryMiB: 256,
        ...options,
      }),
    came: (guest) => {
      source.came((last = guest))
      came.resolve()
    },
    left: () => source.left(),
    log,
    signal: end.signal,
  })
  kept.then(() => came.reject(new Error("it was stopped")), came.reject)
  came.promise.catch(() => undefined) // whoever waits sees it
  const stop = async () => {
    end.abort()
    await kept.catch(() => undefined)
    await last?.closed // its process and its folder are gone
    await nbd.close()
    await rm(dir, { recursive: true, force: true })
  }
  return { source, pids, came: came.promise, kept, stop }
}
