import { spawn } from "node:child_process"
import { once } from "node:events"
import type { FileHandle } from "node:fs/promises"
import { RecoveryError } from "../api/reasons.ts"

/** Who waits longer than this says so. */
const noticedMs = 2000

/**
 * Waits until no other process has a file locked, and locks it for as long as it is open here: flock(2), which Node lacks,
 * by the program of that name, on the open file that it is handed. Where a file system has no locks, nothing is waited for.
 * Rejects with Interrupted. `waiting` is told once, when it takes long.
 */
export async function lock({ fd }: FileHandle, signal: AbortSignal, waiting: () => void): Promise<void> {
  const notice = setTimeout(waiting, noticedMs)
  try {
    const child = spawn("flock", ["--exclusive", "3"], { stdio: ["ignore", "ignore", "ignore", fd], signal })
    await once(child, "close")
  } catch (error) {
    if (signal.aborted) throw new RecoveryError("Interrupted", "Interrupted.", { cause: error })
    throw error
  } finally {
    clearTimeout(notice)
  }
}
