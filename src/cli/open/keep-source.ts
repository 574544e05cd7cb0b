import type { NamedDisk } from "../../block/device.ts"
import type { FileSource } from "../../files/source.ts"
import { prepareAppliance } from "../../guest/appliance.ts"
import { guestBlockSize } from "../../guest/block-size.ts"
import { CurrentGuest } from "../../guest/current-guest.ts"
import type { Guest } from "../../guest/guest.ts"
import { keepGuest } from "../../guest/keep.ts"
import { PastTheGuest } from "../../guest/past/past-the-guest.ts"
import { startGuest } from "../../guest/start.ts"
import type { WaitingReads } from "../../nbd/waiting-reads.ts"
import type { DataPathOptions } from "./data-path.ts"

/** A read of an image that takes longer, milliseconds, says that what it lies on is away. */
const starvedMs = 10_000

/**
 * The files of a micro-VM with the disks, and of the next one when that ends; waits for the first. `kept` rejects when the
 * micro-VM is lost for good.
 */
export async function keepSource(
  options: DataPathOptions,
  remote: readonly NamedDisk[],
  nbdSocket: string,
  waiting: WaitingReads,
  stack: AsyncDisposableStack,
): Promise<{ source: FileSource; kept: Promise<void> }> {
  const { memoryMiB, cpus, accel, keys = [], journal = "Replay", boot = "saved", log, step, started } = options
  const appliance = await prepareAppliance(step)
  const disks = await Promise.all(
    remote.map(async ({ name, serial, device }) => {
      const [blockSize, { sizeBytes }] = [await guestBlockSize(device), device]
      return { name, serial, nbdSocket, export: serial, blockSize, sizeBytes }
    }),
  )
  const [over, kill] = [new AbortController(), new AbortController()]
  const source = new CurrentGuest()
  let guest: Guest | undefined
  const came = Promise.withResolvers<void>()
  const machine = {
    ...appliance,
    memoryMiB,
    cpus,
    accel,
    disks,
    keys,
    journal,
    boot,
    log,
    ...(started && { started }),
    past: new PastTheGuest(remote),
    starved: () => waiting.oldestMs > starvedMs,
    signal: AbortSignal.any([options.signal, kill.signal]),
  }
  step("starting the micro-VM")
  const kept = keepGuest({
    start: (history) => startGuest({ ...machine, history }),
    came: (now) => {
      source.came((guest = now))
      came.resolve()
    },
    left: () => {
      source.left()
      guest = undefined
      step("the micro-VM has ended: another one is started")
    },
    log,
    signal: AbortSignal.any([options.signal, over.signal]),
  })
  kept.then(() => came.reject(options.signal.reason), came.reject)
  stack.defer(async () => {
    over.abort()
    await guest?.powerOff()
    kill.abort() // one that is only starting
    await kept.catch(() => undefined)
  })
  await came.promise
  return { source, kept }
}
