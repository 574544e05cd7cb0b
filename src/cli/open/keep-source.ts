import type { NamedDisk } from "../../block/device.ts"
import type { FileSource } from "../../files/source.ts"
import { type Appliance, prepareAppliance } from "../../guest/appliance.ts"
import { guestBlockSize } from "../../guest/block-size.ts"
import { CurrentGuest } from "../../guest/current-guest.ts"
import type { GuestDisk } from "../../guest/disks.ts"
import type { Guest } from "../../guest/guest.ts"
import { keepGuest } from "../../guest/keep.ts"
import { PastTheGuest } from "../../guest/past/past-the-guest.ts"
import { SideBySide } from "../../guest/side-by-side.ts"
import { startGuest } from "../../guest/start.ts"
import type { WaitingReads } from "../../nbd/waiting-reads.ts"
import type { DataPathOptions } from "./data-path.ts"

/** A read of an image that takes longer, milliseconds, says that what it lies on is away. */
const starvedMs = 10_000

/**
 * The files of a micro-VM with the disks, and of the next one when that ends; of several recovery points, of one each. Waits
 * for the first of each. `kept` rejects when one is lost for good.
 */
export async function keepSource(
  options: DataPathOptions,
  remote: readonly NamedDisk[],
  nbdSocket: string,
  waiting: WaitingReads,
  stack: AsyncDisposableStack,
): Promise<{ source: FileSource; kept: Promise<void> }> {
  const { images, points = [images.length], step } = options
  const appliance = await prepareAppliance(step)
  const disks = await Promise.all(
    remote.map(async ({ name, serial, device }) => {
      const [blockSize, { sizeBytes }] = [await guestBlockSize(device), device]
      return { name, serial, nbdSocket, export: serial, blockSize, sizeBytes }
    }),
  )
  const starved = () => waiting.oldestMs > starvedMs
  step(points.length === 1 ? "starting the micro-VM" : `starting ${points.length} micro-VMs`)
  let first = 0
  const machines = points.map((count) => {
    const range = [first, (first += count)] as const
    const past = new PastTheGuest(remote.slice(...range))
    return keepMachine(options, { appliance, disks: disks.slice(...range), past, starved }, stack)
  })
  const kept = Promise.all(machines.map((machine) => machine.kept)).then(() => undefined)
  kept.catch(() => undefined) // told by `came` as well, which is awaited first
  await Promise.all(machines.map(({ came }) => came))
  const [only] = machines
  const source = only && machines.length === 1 ? only.source : new SideBySide(machines)
  return { source, kept }
}

interface MachineOptions {
  readonly appliance: Appliance
  readonly disks: readonly GuestDisk[]
  readonly past: PastTheGuest
  readonly starved: () => boolean
}

/** Keeps one micro-VM until the stack is disposed of. `came` resolves with the first, `kept` rejects when none will do. */
function keepMachine(
  options: DataPathOptions,
  { appliance, disks, past, starved }: MachineOptions,
  stack: AsyncDisposableStack,
): { source: CurrentGuest; came: Promise<void>; kept: Promise<void> } {
  const { memoryMiB, cpus, accel, keys = [], journal = "Replay", boot = "saved", log, step, started } = options
  const [over, kill] = [new AbortController(), new AbortController()]
  const source = new CurrentGuest()
  let guest: Guest | undefined
  let isTold = false
  const shortOfCpu = () => {
    if (!isTold) step("the micro-VM gets too little CPU and takes longer: run less beside it")
    isTold = true
  }
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
    past,
    starved,
    shortOfCpu,
    signal: AbortSignal.any([options.signal, kill.signal]),
  }
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
  return { source, came: came.promise, kept }
}
