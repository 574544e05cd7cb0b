import type { FileHandle } from "node:fs/promises"
import { reasonOf } from "../../api/reasons.ts"
import { commandLine, qemuProgram, type SuperviseOptions } from "../supervise.ts"
import { dropState, findState, keepState, openFolder } from "./folder.ts"
import { readStateParts, stateKey } from "./key.ts"
import { saveBooted } from "./save.ts"

/** How a guest comes up: by a boot unless there is a state. */
export interface Boot {
  /** What QEMU goes on from. */
  readonly state?: FileHandle
  /** How long the agent may take to answer, where it may take less than usual; and who is told that it has. */
  readonly launchMs?: number
  readonly answered?: () => void
  /** What has to be done with QEMU, whose sockets are in `dir`, before anybody else speaks to it. */
  readonly first?: (dir: string, signal: AbortSignal) => Promise<void>
}

export type BootOptions = Omit<SuperviseOptions, "dir"> & {
  /** Where states are kept. */
  readonly folder: string
  /** For the agent and for QEMU to answer, milliseconds. */
  readonly launchMs: number
  readonly commandMs: number
}

/** Half a second, and ten times as long on a busy machine. What takes longer than this comes no more. */
const restoreMs = 30_000

/**
 * Starts a guest out of the state of one that was booted before: 0.3 seconds instead of 4. Where there is no such state it is
 * booted, and its state saved before it has seen a disk. A state that can't be used is dropped, and then it is booted: a
 * saved state may cost time, never a guest. docs/decisions/saved-state.md says where this is safe.
 */
export async function startSaved<T>(options: BootOptions, start: (boot: Boot) => Promise<T>): Promise<T> {
  const { folder, log, signal, launchMs, commandMs } = options
  const key = await findKey(options).catch((err: unknown) => log.debug({ err }, "states are not saved here"))
  if (key === undefined) return start({})
  const state = await findState(folder, key)
  if (state !== undefined) {
    let answered = false
    try {
      return await start({ state, launchMs: Math.min(launchMs, restoreMs), answered: () => (answered = true) })
    } catch (err) {
      if (answered || signal.aborted || reasonOf(err) !== "GuestFailed") throw err
      log.warn({ err }, "the saved state of the micro-VM is of no use; it boots instead")
      await dropState(folder, key)
    } finally {
      await state.close()
    }
  }
  return start({
    first: (dir, signal) =>
      saveBooted({ dir, launchMs, commandMs, log, signal, keep: (state) => keepState({ folder, key, ...state }) }),
  })
}

async function findKey(options: BootOptions): Promise<string> {
  await openFolder(options.folder)
  const args = await commandLine({ ...options, dir: "" })
  return stateKey(await readStateParts(qemuProgram, args, [options.kernel, options.initrd]))
}
