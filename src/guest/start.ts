import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { RecoveryError } from "../api/reasons.ts"
import type { Appliance } from "./appliance.ts"
import { connectGuest, type ConnectOptions } from "./connect.ts"
import type { Guest } from "./guest.ts"
import { lastWords, superviseQemu, type QemuExit, type SuperviseOptions } from "./supervise.ts"

export type StartOptions = Appliance &
  Omit<ConnectOptions, "dir"> & {
    readonly memoryMiB?: number
    readonly cpus?: number
    readonly accel?: SuperviseOptions["accel"]
    readonly started?: (pid: number) => void
  }

/**
 * Both halves in one process, for a laptop and for tests: runs QEMU in a directory of its own, connects to it, and leaves
 * nothing behind when it ends. Aborting the signal ends the guest at once, also later.
 *
 * Of a few hundred kernels that boot under emulation on a busy machine, one dies of an exception: it gets a second go.
 */
export async function startGuest(options: StartOptions): Promise<Guest> {
  try {
    return await startOnce(options)
  } catch (error) {
    if (!(error instanceof RecoveryError) || !error.message.includes("Fatal exception")) throw error
    options.log.warn({ words: error.message }, "the micro-VM's kernel died while it booted; it is started once more")
    return await startOnce(options)
  }
}

async function startOnce(options: StartOptions): Promise<Guest> {
  const { memoryMiB = 512, cpus = 2, accel = "tcg", ...rest } = options
  const dir = await mkdtemp(join(tmpdir(), "frk-guest-"))
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  let exit: QemuExit | undefined
  const supervise = async () => {
    try {
      exit = await superviseQemu({ ...rest, dir, memoryMiB, cpus, accel, signal })
      stop.abort(new RecoveryError("GuestFailed", "QEMU has ended."))
    } finally {
      stop.abort()
      await rm(dir, { recursive: true, force: true })
    }
  }
  const supervised = supervise()
  supervised.catch(() => undefined) // told below
  try {
    const guest = await connectGuest({ ...rest, dir, signal })
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
    if (killed || exit === undefined) throw error
    const how = exit.signal ?? `exit code ${exit.code}`
    throw new RecoveryError("GuestFailed", `The micro-VM ended (${how}) before it could be used: ${lastWords(exit)}`, {
      cause: error,
    })
  }
}
