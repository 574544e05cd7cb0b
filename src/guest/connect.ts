import { setTimeout as delay } from "node:timers/promises"
import { RecoveryError, reasonOf } from "../api/reasons.ts"
import type { HowItEnded, Verdict } from "./blame.ts"
import type { Journal } from "./catalogue.ts"
import { type Connection, keepConnection } from "./connection.ts"
import { Control } from "./control.ts"
import { GuestClock } from "./cpu/guest-clock.ts"
import { plugDisk, type GuestDisk } from "./disks.ts"
import { guestFiles, volumeReading } from "./files.ts"
import type { Guest } from "./guest.ts"
import { History, type UnderWay } from "./history.ts"
import { inTime } from "./in-time.ts"
import type { GuestLog } from "./log.ts"
import { Overlays } from "./overlays.ts"
import { FileMapper } from "./past/file-mapper.ts"
import { FileReading } from "./past/file-reading.ts"
import type { PastTheGuest } from "./past/past-the-guest.ts"
import { WrittenBlocks } from "./past/written.ts"
import { mountedAt } from "./paths.ts"
import { PortPool } from "./port-pool.ts"
import { awaitQmp, type Qmp } from "./qmp.ts"
import { Readers } from "./readers.ts"
import { untilRestored } from "./saved/restored.ts"
import type { SessionHost } from "./session.ts"
import { awaitSocket } from "./socket.ts"
import { Stuck } from "./stuck.ts"
import { defaultSessions } from "./supervise.ts"
import { isForWantOfCpu } from "./too-late.ts"
import { TrialOver, tryDisks } from "./trial.ts"
import type { UnlockKey } from "./unlock-key.ts"
import { Unlocker } from "./unlocker.ts"
import { Volumes } from "./volumes.ts"

/** In time of the guest's own, in which it could run (docs/decisions/guest-time.md); `pingEveryMs` and `powerOffMs` by the wall clock. */
export interface GuestTimeouts {
  /** From the call until the agent answers. */
  readonly launchMs: number
  /** For looking at the disks, and for each mount. */
  readonly volumeMs: number
  /** A verb that is told to end and has not for so long is stuck in the guest's kernel. */
  readonly stuckMs: number
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
  stuckMs: 30_000,
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
  /** What became of the guests before this one, which leaves out what ended them; it is told how this one ends. */
  readonly history?: History
  /** Whether the disks' storage does not answer at the moment: nothing that takes long then is held against a volume. */
  readonly starved?: () => boolean
  /** The disks, where this process can read them, too: large files are then read past the guest. */
  readonly past?: PastTheGuest
  /** It goes on from a saved state: until it has answered it has seen no disk, and what ends it is the state. */
  readonly restored?: boolean
  /** Called whenever something in the guest is given more time because it gets too little CPU. */
  readonly shortOfCpu?: (() => void) | undefined
  /** Called when the agent answers. */
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
  const { dir, log, disks, signal, shortOfCpu, starved = () => false } = options
  const timeouts = { ...defaultTimeouts, ...options.timeouts }
  const history = options.history ?? new History()
  const verdict = history.verdict
  const underWay = history.guest()
  const started = performance.now()
  const passed = () => Math.round(performance.now() - started)
  const plugged = new Set<string>()
  let hasAnswered = false
  const answered = () => {
    hasAnswered = true
    options.answered?.()
  }
  const clock = GuestClock.of(dir, { log, shortOfCpu })
  const tried = { ...options, timeouts, verdict, underWay, clock, starved, plugged, answered }
  const diedOf = (error: unknown, how: HowItEnded) => (starved() || isForWantOfCpu(error) ? "starved" : how)
  const launch = { clock, ms: timeouts.launchMs, late: "The micro-VM did not answer", signal }
  const link = await inTime(launch, (signal) => linkUp(tried, signal)).catch((error: unknown) => {
    if (options.restored && !hasAnswered) underWay.forgotten()
    if (isLoss(error)) underWay.died(diedOf(error, "vanished"))
    throw error
  })
  const { qmp, overlays, control, connection } = link
  log.debug({ ms: passed(), disks: disks.length }, "the guest answers")
  const host = hostOf(tried, control, connection)
  const { ports } = host
  const { keys = [], journal = "Replay" } = options
  const { volumeMs: timeoutMs, keyMs, keysMs: allMs } = timeouts
  const unlocker = new Unlocker({ host, keys, keyMs, allMs, log })
  const readers = new Readers(host)
  const read = volumeReading(readers, pastReading(options, host, qmp, readers))
  const volumes = new Volumes({
    host,
    disks,
    plugged,
    overlays,
    unlocker,
    journal,
    log,
    read,
    timeoutMs,
    verdict,
    starved,
    late: (volume, why) => history.late(volume, why),
  })
  try {
    const plug = (disk: GuestDisk) => plugOne(tried, qmp, disk)
    const { trial } = verdict
    if (trial) await tryDisks({ disks, trial, plug, underWay, look: () => volumes.look(signal) })
    await volumes.discover(signal)
    log.debug({ ms: passed(), volumes: volumes.catalogue.volumes.length }, "volumes found and mounted")
  } catch (error) {
    if (error instanceof TrialOver) underWay.over()
    if (error instanceof TrialOver || !isLoss(error)) connection.asked()
    // a guest that is lost says how, only a little later than what waited for it fails
    else await Promise.race([connection.closed, control.ping().catch(() => connection.closed)])
    connection.end("The volumes could not be found.", diedOf(error, "hung"))
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
      connection.end("The micro-VM was switched off.", "vanished")
    },
    closed: connection.closed,
  }
}

/** Errors that mean that the guest is not there, or not to be trusted, any more. */
export function isLoss(error: unknown): boolean {
  const code = reasonOf(error)
  return code === "GuestFailed" || code === "ProtocolError"
}

type Tried = ConnectOptions & {
  readonly timeouts: GuestTimeouts
  readonly verdict: Verdict
  readonly underWay: UnderWay
  readonly clock: GuestClock
  readonly starved: () => boolean
  /** Serials of the disks that are plugged in. */
  readonly plugged: Set<string>
}

function pastReading(
  { past, disks, dir, log }: ConnectOptions,
  host: SessionHost,
  qmp: Qmp,
  readers: Readers,
): FileReading | undefined {
  if (past === undefined) return undefined
  const written = new WrittenBlocks(qmp, `${dir}/written`)
  const lease = (device: string) => readers.lease(mountedAt(device), device)
  return new FileReading({ mapper: new FileMapper({ host, disks, past, written }), past, disks, log, lease })
}

/** What verbs need of this guest. It is ended when half of its ports are held by what does not end. */
function hostOf(
  { dir, sessions = defaultSessions, underWay, clock, starved, timeouts }: Tried,
  control: Control,
  connection: Connection,
) {
  const ports = new PortPool(sessions)
  void connection.closed.then(({ message }) => ports.fail(new RecoveryError("GuestFailed", message)))
  const stuck = new Stuck({
    clock,
    graceMs: timeouts.stuckMs,
    most: Math.ceil(sessions / 2),
    starved,
    tooMany: (wantOfCpu) => connection.end("Too much hangs in the micro-VM's kernel.", wantOfCpu ? "starved" : "hung"),
  })
  return { dir, control, ports, underWay, stuck, clock }
}

/**
 * Both channels, the disks, and an agent that has answered. Disks are plugged in while the guest boots, unless one before it
 * did not get through that: then it has to boot first, and for a trial it gets none yet.
 */
async function linkUp(options: Tried, signal: AbortSignal) {
  const { dir, log, timeouts, underWay, verdict, clock, starved } = options
  const booted = underWay.begin({ kind: "boot" })
  const { commandMs, pingEveryMs, pingMs } = timeouts
  const qmp = await awaitQmp(`${dir}/qmp`, { clock, commandMs }, signal)
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
    const hello = greeted(control, options).then(booted)
    hello.catch(() => undefined) // seen below
    if (verdict.bootFirst || options.restored) await hello
    const given = options.disks.filter(({ serial }) => verdict.trial === undefined && !verdict.disks.has(serial))
    // the kernel reads their partition tables as soon as it is there
    const looked = underWay.begin({ kind: "look", disks: given.map(({ serial }) => serial) })
    for (const disk of given) await plugOne(options, qmp, disk)
    await hello
    looked()
    return {
      qmp,
      overlays,
      control,
      connection: keepConnection({ qmp, control, underWay, clock, starved, log, pingEveryMs, pingMs }),
    }
  } catch (error) {
    abort()
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener("abort", abort)
  }
}

async function greeted(control: Control, { answered }: ConnectOptions): Promise<void> {
  await control.hello()
  answered?.()
}

/** A disk keeps its number when others are left out. */
async function plugOne({ dir, overlayDir = dir, disks, plugged }: Tried, qmp: Qmp, disk: GuestDisk): Promise<void> {
  await plugDisk(qmp, disk, disks.indexOf(disk), overlayDir)
  plugged.add(disk.serial)
}
