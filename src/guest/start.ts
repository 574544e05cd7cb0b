import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { RecoveryError } from "../api/reasons.ts"
import type { Appliance } from "./appliance.ts"
import { connectGuest, type ConnectOptions, defaultTimeouts, isLoss } from "./connect.ts"
import type { Guest } from "./guest.ts"
import { startSaved, type Boot } from "./saved/boot.ts"
import { stateFolder } from "./saved/folder.ts"
import { mayUseState } from "./saved/safe.ts"
import { lastWords, superviseQemu, type QemuExit, type SuperviseOptions } from "./supervise.ts"

export type StartOptions = Appliance &
  Omit<ConnectOptions, "dir" | "answered" | "restored"> & {
    /** `saved`: goes on from a saved state where that is safe and there is one, which is what happens unless it is said. */
    readonly boot?: "saved" | "cold"
    /** Folder of the saved states; one in the user's cache unless it is said. */
    readonly states?: string
    readonly memoryMiB?: number
    readonly cpus?: number
    readonly accel?: SuperviseOptions["accel"]
    readonly started?: (pid: number) => void
  }

/**
 * Both halves in one process, for a laptop and for tests: runs QEMU in a directory of its own, connects to it, and leaves
 * nothing behind when it ends. Aborting the signal ends the guest at once, also later.
 * Most guests go on from a saved state (docs/decisions/saved-state.md).
 */
export async function startGuest(options: StartOptions): Promise<Guest> {
  const {
    memoryMiB = 512,
    cpus = 2,
    accel = "tcg",
    boot = "saved",
    keys = [],
    states: folder = stateFolder(),
  } = options
  const settled = { ...options, memoryMiB, cpus, accel }
  if (!mayUseState({ boot, accel, keys: keys.length })) return startTwice(settled, {})
  const { launchMs, commandMs } = { ...defaultTimeouts, ...options.timeouts }
  return startSaved({ ...settled, folder, launchMs, commandMs }, (boot) => startTwice(settled, boot))
}

type Settled = StartOptions & Pick<SuperviseOptions, "memoryMiB" | "cpus" | "accel">

/** Of a few hundred kernels that boot under emulation on a busy machine, one dies of an exception: it gets a second go. */
async function startTwice(options: Settled, boot: Boot): Promise<Guest> {
  try {
    return await startOnce(options, boot)
  } catch (error) {
    const died = error instanceof RecoveryError && error.message.includes("Fatal exception")
    if (!died || boot.state !== undefined) throw error // a state is given up for a boot
    options.log.warn({ words: error.message }, "the micro-VM's kernel died while it booted; it is started once more")
    return await startOnce(options, boot)
  }
}

async function startOnce(options: Settled, boot: Boot): Promise<Guest> {
  const dir = await mkdtemp(join(tmpdir(), "frk-guest-"))
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  let exit: QemuExit | undefined
  const supervise = async () => {
    try {
      exit = await superviseQemu({ ...options, dir, state: boot.state, signal })
      stop.abort(new RecoveryError("GuestFailed", "QEMU has ended."))
    } finally {
      stop.abort()
      await rm(dir, { recursive: true, force: true })
    }
  }
  const supervised = supervise()
  supervised.catch(() => undefined) // told below
  try {
    await boot.first?.(dir, signal)
    const { answered, launchMs = options.timeouts?.launchMs } = boot
    const timeouts = { ...options.timeouts, ...(launchMs !== undefined && { launchMs }) }
    const guest = await connectGuest({
      ...options,
      dir,
      timeouts,
      answered,
      restored: boot.state !== undefined,
      signal,
    })
    const closed = guest.closed.then(async (end) => {
      // QEMU lets go of its sockets just before it ends; one that does not answer does not end by itself
      const grace = end.asked ? setTimeout(() => stop.abort(), 2000) : stop.abort()
      await supervised.catch(() => undefined)
      clearTimeout(grace ?? undefined)
      if (!end.asked && exit) options.log.warn({ words: lastWords(exit) }, "the micro-VM's last words")
      return end
    })
    return {
      ...guest,
      closed,
      powerOff: async () => {
        await guest.powerOff()
        await closed
      },
    }
  } catch (error) {
    // QEMU lets go of its sockets before it ends: did it end by itself, and with what words?
    let killed = false
    const grace = setTimeout(() => {
      killed = true
      stop.abort()
    }, 1000)
    await supervised.finally(() => clearTimeout(grace))
    options.signal.throwIfAborted()
    // an error of a disk is not one of the guest, which ends when it is given up
    if (killed || exit === undefined || !isLoss(error)) throw error
    const how = exit.signal ?? `exit code ${exit.code}`
    throw new RecoveryError("GuestFailed", `The micro-VM ended (${how}) before it could be used: ${lastWords(exit)}`, {
      cause: error,
    })
  }
}
