import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import type { Logger } from "pino"
import { reasonOf } from "../api/reasons.ts"
import type { NamedDisk } from "../block/device.ts"
import { guestBlockSize } from "../guest/block-size.ts"
import { connectGuest } from "../guest/connect.ts"
import type { CurrentGuest } from "../guest/current-guest.ts"
import type { Guest } from "../guest/guest.ts"
import type { History } from "../guest/history.ts"
import { keepGuest } from "../guest/keep.ts"
import { PastTheGuest } from "../guest/past/past-the-guest.ts"
import { serveNbd } from "../nbd/server.ts"
import { WaitingReads } from "../nbd/waiting-reads.ts"
import type { FilesOptions } from "./options.ts"
import { awaitGuestSibling, type GuestSibling } from "./sibling.ts"
import { readUnlockKeys } from "./unlock-keys.ts"

/** A read of a disk that takes longer, milliseconds, says that the storage is away. */
const starvedMs = 10_000

/** What is between the file service and one container that runs QEMU: of several recovery points each has its own. */
export interface GuestSide {
  /** Shared with that container. */
  readonly dir: string
  readonly sibling: GuestSibling
  /** Told which guest is there. */
  readonly current: CurrentGuest
  /** Reads of its disks that were not answered yet. */
  readonly waiting: WaitingReads
  disks: readonly NamedDisk[]
  /** Reads large files of its disks past it. */
  past: PastTheGuest
  guest: Guest | undefined
}

/** Waits for nothing: the container may come later. */
export async function guestSide(dir: string, current: CurrentGuest): Promise<GuestSide> {
  await mkdir(dir, { recursive: true })
  const sibling = await awaitGuestSibling(dir)
  return { dir, sibling, current, waiting: new WaitingReads(), disks: [], past: new PastTheGuest([]), guest: undefined }
}

/** Offers disks to its guest, which reaches these and no others. */
export async function offerDisks(side: GuestSide, disks: readonly NamedDisk[], log: Logger): Promise<AsyncDisposable> {
  side.disks = disks
  side.past = new PastTheGuest(disks)
  const exports = new Map(disks.map(({ serial, device }) => [serial, side.waiting.of(device)]))
  const nbd = await serveNbd({ path: nbdSocket(side.dir), exports, log })
  return { [Symbol.asyncDispose]: () => nbd.close() }
}

interface KeepOptions {
  readonly options: FilesOptions
  readonly log: Logger
  /** Called with each guest that is there. */
  readonly came: () => Promise<void>
  readonly signal: AbortSignal
}

/** Keeps a guest there until the signal; rejects when none will do, which the container is then told. */
export async function keepGuestSide(side: GuestSide, { options, log, came, signal }: KeepOptions): Promise<void> {
  try {
    await keepGuest({
      start: (history) => findGuest(side, options, history, log, signal),
      came: (guest) => {
        side.guest = guest
        side.current.came(guest)
        return came()
      },
      left: () => {
        side.guest = undefined
        side.current.left()
      },
      log,
      signal,
    })
  } catch (error) {
    if (!signal.aborted && reasonOf(error) === "GuestFailed") side.sibling.sayGivenUp()
    throw error
  }
}

export async function switchOff({ sibling, guest }: GuestSide): Promise<void> {
  if (guest === undefined) return
  sibling.sayReleased()
  await guest.powerOff()
}

async function findGuest(
  { dir, disks: given, past, waiting, current }: GuestSide,
  options: FilesOptions,
  history: History,
  log: Logger,
  signal: AbortSignal,
): Promise<Guest> {
  const disks = await Promise.all(
    given.map(async ({ name, serial, device }) => {
      const [blockSize, { sizeBytes }] = [await guestBlockSize(device), device]
      return { name, serial, nbdSocket: nbdSocket(dir), export: serial, blockSize, sizeBytes }
    }),
  )
  const keys = await readUnlockKeys(options["unlock-dir"], options.unlock, log)
  try {
    const { "overlay-dir": overlayDir, journal } = options
    const starved = () => waiting.oldestMs > starvedMs
    const shortOfCpu = () => void (current.shortOfCpu = !current.ready)
    const storage = { disks, past, journal, starved }
    return await connectGuest({ dir, overlayDir, ...storage, keys, history, shortOfCpu, log, signal })
  } finally {
    for (const { value } of keys) value?.reveal().fill(0)
  }
}

const nbdSocket = (dir: string) => join(dir, "nbd")
