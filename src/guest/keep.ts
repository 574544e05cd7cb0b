import { RecoveryError } from "../api/reasons.ts"
import { isLoss } from "./connect.ts"
import type { Guest, GuestEnd } from "./guest.ts"
import { History } from "./history.ts"
import type { GuestLog } from "./log.ts"

export interface KeepOptions {
  /** Starts a guest, or connects to one, with what became of those before it. */
  readonly start: (history: History) => Promise<Guest>
  /** A guest is there. */
  readonly came: (guest: Guest) => Promise<void> | void
  /** It is gone, and another one is awaited. */
  readonly left: () => void
  readonly log: GuestLog
  /** Nothing more is started. Whoever aborts it also ends the guest. */
  readonly signal: AbortSignal
}

/**
 * Keeps a guest for a session: whatever ends one, another one takes its place, without the volumes and disks that are to blame.
 * Returns when the signal aborts. Rejects with GuestFailed when a second end can't be explained, or when so many have ended that
 * no further one helps; with whatever else `start` rejects with, such as DiskUnreadable.
 */
export async function keepGuest({ start, came, left, log, signal }: KeepOptions): Promise<void> {
  const history = new History()
  while (!signal.aborted) {
    const message = await outlive({ start, came, left, log, signal }, history)
    if (signal.aborted) return
    left()
    if (history.hopeless !== undefined) throw new RecoveryError("GuestFailed", `${history.hopeless} ${message}`)
    const { volumes, disks, trial, suspects } = history.verdict
    const found = { volumes: [...volumes.keys()], disks: [...disks.keys()], suspects: [...suspects], trial }
    log.warn({ message, ...found }, "the guest is gone; another one is awaited")
  }
}

/** One guest, from its start to its end: how that came. */
async function outlive({ start, came, log, signal }: KeepOptions, history: History): Promise<string> {
  const before = history.ends
  try {
    const guest = await start(history)
    await came(guest)
    const aborted = new Promise<GuestEnd>((resolve) => {
      const end = () => resolve({ asked: true, message: "" })
      if (signal.aborted) end()
      else signal.addEventListener("abort", end, { once: true })
    })
    return (await Promise.race([guest.closed, aborted])).message
  } catch (error) {
    // one that never came to be will not be there the next time either
    if (signal.aborted || !isLoss(error) || history.ends === before) throw error
    log.warn({ err: error }, "the guest did not come up")
    return error instanceof Error ? error.message : ""
  }
}
