import { setTimeout as delay } from "node:timers/promises"
import { RecoveryError } from "../api/reasons.ts"
import type { Journal } from "./catalogue.ts"
import { Control } from "./control.ts"
import { plugDisk, type GuestDisk } from "./disks.ts"
import { guestFiles, volumeReading } from "./files.ts"
import type { Guest, GuestEnd } from "./guest.ts"
import { inTime } from "./in-time.ts"
import type { GuestLog } from "./log.ts"
import { Overlays } from "./overlays.ts"
import { PortPool } from "./port-pool.ts"
import { awaitQmp, type Qmp } from "./qmp.ts"
import { Readers } from "./readers.ts"
import { untilRestored } from "./saved/restored.ts"
import { awaitSocket } from "./socket.ts"
import { defaultSessions } from "./supervise.ts"
import type { UnlockKey } from "./unlock-key.ts"
import { Unlocker } from "./unlocker.ts"
import { Volumes } from "./volumes.ts"
import { watch } from "./watchdog.ts"

export interface GuestTimeouts {
  /** From the call until the agent answers. */
  readonly launchMs: number
  /** For looking at the disks, and for each mount. */
  readonly volumeMs: number
  /** For trying one key on one volume, and for trying all. */
  readonly keyMs: number
  readonly keysMs: number
  /** For QEMU's answer to one command. */
  readonly commandMs: number
  readonly pingEveryMs: number
  /** A guest that has not answered a ping for so long is dead. */
  readonly pingMs: number
  readonly powerOffMs: number
}

/** Generous: emulation on a busy machine takes ten times as long as on a quiet one. */
export const defaultTimeouts: GuestTimeouts = {
  launchMs: 120_000,
  volumeMs: 120_000,
  keyMs: 300_000,
  keysMs: 900_000,
  commandMs: 60_000,
  pingEveryMs: 3_000,
  pingMs: 30_000,
  powerOffMs: 20_000,
}

export interface ConnectOptions {
  /** Directory of QEMU's sockets. */
  readonly dir: string
  /** Where QEMU makes its overlays, in memory, as QEMU sees it; `dir` unless it is another. */
  readonly overlayDir?: string
  readonly disks: readonly GuestDisk[]
  /** As many as superviseQemu was told. */
  readonly sessions?: number
  /** Tried on everything that is encrypted. */
  readonly keys?: readonly UnlockKey[]
  /** `Replay` unless it is said. */
  readonly journal?: Journal
  readonly timeouts?: Partial<GuestTimeouts>
  /** Called when the agent answers, before the disks are looked at. */
  readonly answered?: (() => void) | undefined
  readonly log: GuestLog
  /** Gives up connecting; has no effect on a guest that is connected. */
  readonly signal: AbortSignal
}

/**
 * Connects to a guest that superviseQemu runs, here or in another container, plugs the disks in and finds the volumes on them.
 * Closing this side's last connection switches the guest off.
 * Rejects with GuestFailed when it does not come up in time, and with DiskUnreadable naming the disk.
 */
export async function connectGuest(options: ConnectOptions): Promise<Guest> {
  const { dir, log, disks, signal } = options
  const timeouts = { ...defaultTimeouts, ...options.timeouts }
  const started = performance.now()
  const passed = () => Math.round(performance.now() - started)
  const link = await inTime(timeouts.launchMs, "The micro-VM did not answer", signal, (signal) =>
    linkUp(options, timeouts, signal),
  )
  const { qmp, overlays, control, guest: connection } = link
  log.debug({ ms: passed(), disks: disks.length }, "the guest answers")
  options.answered?.()
  const ports = new PortPool(options.sessions ?? defaultSessions)
  void connection.closed.then(({ message }) => ports.fail(new RecoveryError("GuestFailed", message)))
  const host = { dir, control, ports }
  const { keys = [], journal = "Replay" } = options
  const { volumeMs: timeoutMs, keyMs, keysMs: allMs } = timeouts
  const unlocker = new Unlocker({ host, keys, keyMs, allMs, log })
  const read = volumeReading(new Readers(host))
  const volumes = new Volumes({ host, disks, overlays, unlocker, journal, log, read, timeoutMs })
  try {
    await volumes.discover(signal)
    log.debug({ ms: passed(), volumes: volumes.catalogue.volumes.length }, "volumes found and mounted")
  } catch (error) {
    connection.end("The volumes could not be found.")
    throw error
  }

  return {
    ...guestFiles(host, volumes, read),
    catalogue: () => volumes.catalogue,
    mount: (volume) => volumes.mount(volume),
    unlock: async (volume, key) => {
      await volumes.unlock(volume, key)
      return volumes.catalogue
    },
    powerOff: async () => {
      connection.asked()
      ports.fail(new RecoveryError("GuestFailed", "The micro-VM is switched off."))
      control.powerOff()
      const late = new AbortController()
      const timer = delay(timeouts.powerOffMs, "late" as const, { signal: late.signal }).catch(() => "off" as const)
      if ((await Promise.race([qmp.closed, timer])) === "late") await qmp.execute("quit").catch(() => undefined)
      late.abort()
      connection.end("The micro-VM was switched off.")
    },
    closed: connection.closed,
  }
}

/** Both channels, the disks, and an agent that has answered. Disks are plugged in while the guest boots. */
async function linkUp(options: ConnectOptions, timeouts: GuestTimeouts, signal: AbortSignal) {
  const { dir, disks, log, overlayDir = dir } = options
  const qmp = await awaitQmp(`${dir}/qmp`, timeouts.commandMs, signal)
  let control: Control | undefined
  const abort = () => {
    qmp.close()
    control?.close()
  }
  signal.addEventListener("abort", abort, { once: true })
  try {
    const overlays = new Overlays(qmp)
    await qmp.execute("qmp_capabilities")
    await untilRestored(qmp)
    control = new Control(await awaitSocket(`${dir}/ctl`, signal))
    const hello = control.hello()
    for (const [index, disk] of disks.entries()) await plugDisk(qmp, disk, index, overlayDir)
    await hello
    return { qmp, overlays, control, guest: watchConnection(qmp, control, timeouts, log) }
  } catch (error) {
    abort()
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener("abort", abort)
  }
}

/** Ends everything as soon as one channel has ended or the agent does not answer, and says why. */
function watchConnection(qmp: Qmp, control: Control, timeouts: GuestTimeouts, log: GuestLog) {
  const { promise: closed, resolve } = Promise.withResolvers<GuestEnd>()
  let asked = false
  let shutdown = ""
  qmp.onEvent(({ event, data }) => {
    if (event === "SHUTDOWN" && typeof data["reason"] === "string") shutdown = ` (${data["reason"].slice(0, 40)})`
  })
  const end = (message: string) => {
    stopWatching()
    if (!asked) log.warn({ message }, "the micro-VM is gone")
    resolve({ asked, message })
    control.close()
    qmp.close()
  }
  const stopWatching = watch(control, { everyMs: timeouts.pingEveryMs, boundMs: timeouts.pingMs }, () => {
    void qmp.execute("quit").catch(() => undefined)
    end(`The micro-VM did not answer for ${timeouts.pingMs} ms.`)
  })
  void qmp.closed.then(() => end(`The micro-VM has ended${shutdown}.`))
  void control.closed.then((reason) => end(reason.message))
  return {
    closed,
    end,
    asked: () => {
      asked = true
    },
  }
}
