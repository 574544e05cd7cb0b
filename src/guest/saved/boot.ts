import type { FileHandle } from "node:fs/promises"
import { reasonOf } from "../../api/reasons.ts"
import { commandLine, qemuProgram, type SuperviseOptions } from "../supervise.ts"
import { dropState, findState, keepState, openFolder, stateFolder } from "./folder.ts"
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

export type BootOptions = Omit<SuperviseOptions, "dir"> & { readonly launchMs: number; readonly commandMs: number }

/** Half a second, and ten times as long on a busy machine. What takes longer than this comes no more. */
const restoreMs = 30_000

/**
 * Starts a guest out of the state of one that was booted before: 0.3 seconds instead of 4. Where there is no such state it is
 * booted, and its state saved before it has seen a disk. A state that can't be used is dropped, and then it is booted: a
 * saved state may cost time, never a guest. docs/decisions/saved-state.md says where this is safe.
 */
export async function startSaved<T>(options: BootOptions, start: (boot: Boot) => Promise<T>): Promise<T> {
  const { log, signal, launchMs, commandMs } = options
  const place = await findPlace(options).catch((err: unknown) => log.debug({ err }, "states are not saved here"))
  if (!place) return start({})
  const { folder, key } = place
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
      saveBooted({
        dir,
        launchMs,
        commandMs,
        log,
        signal,
        keep: (state, complete, signal) => keepState(folder, key, state, complete, signal),
      }),
  })
}

async function findPlace(options: BootOptions): Promise<{ folder: string; key: string }> {
  const folder = stateFolder()
  await openFolder(folder)
  const args = await commandLine({ ...options, dir: "" })
  return { folder, key: stateKey(await readStateParts(qemuProgram, args, [options.kernel, options.initrd])) }
}
