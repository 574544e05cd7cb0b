import { setImmediate } from "node:timers/promises"
import type { GuestLog } from "../log.ts"
import { type CpuUse, deniedMs } from "./cpu-use.ts"
import { askCpu, type Told } from "./tell-cpu.ts"
import { ownCpuUse } from "./thread-times.ts"
import { isStarved, type Passed, timeLeft } from "./time-left.ts"
import { enoughCpu } from "./words.ts"

/** The first part of a limit passes unwatched: what ends within it, as most does, costs no look at anything. */
const unwatched = 1 / 20
/** What of a limit it has to have been denied for that to be told: everybody waits for CPU a little. */
const worthTelling = 1 / 4

/** How a limit ended. */
export interface Late extends Passed {
  readonly limitMs: number
  /** It ended because nothing waits for ever, not because the guest had had its time: nothing may be held against a disk. */
  readonly starved: boolean
}

/** What goes on whether the guest runs or not. */
export interface WallClock {
  /** Milliseconds. */
  now(): number
  /** Runs something later, unless what is returned is called before. */
  after(ms: number, run: () => void): () => void
}

const wallClock: WallClock = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms).unref()
    return () => clearTimeout(timer)
  },
}

export interface GuestClockOptions {
  /** What QEMU's threads, and this process's own, have had of CPUs; undefined: not known. */
  readonly guest: () => Promise<Told>
  readonly own?: () => CpuUse | undefined
  readonly wall?: WallClock
  readonly log: GuestLog
  /** Told when something in the guest is given more time because it gets too little CPU. */
  readonly shortOfCpu?: (() => void) | undefined
}

/**
 * Limits on what a guest does, in time in which it could run. On a node that is overcommitted, or in a container that has
 * used up its CPU limit, it can't: that is nobody's fault on its disks (docs/decisions/guest-time.md). Time in which this
 * process could not run does not count either: whatever the guest said meanwhile, nobody heard it.
 */
export class GuestClock {
  readonly #options: Required<Omit<GuestClockOptions, "shortOfCpu">> & Pick<GuestClockOptions, "shortOfCpu">

  constructor(options: GuestClockOptions) {
    this.#options = { own: ownCpuUse, wall: wallClock, ...options }
  }

  /** For the guest whose QEMU has its sockets in `dir`. */
  static of(dir: string, options: Omit<GuestClockOptions, "guest">): GuestClock {
    return new GuestClock({ ...options, guest: () => askCpu(dir) })
  }

  start(): Stopwatch {
    return new Stopwatch(this.#options)
  }

  /** Calls `over` once the guest has had so much time for something, or has failed to get it for long; returns how to stop that. */
  limit(limitMs: number, what: string, over: (late: Late) => void): () => void {
    const stopwatch = this.start()
    let cancel: (() => void) | undefined
    let [stopped, told] = [false, false]
    const wait = (ms: number) => (cancel = this.#options.wall.after(Math.ceil(ms), () => void look()))
    const look = async () => {
      const passed = await stopwatch.look()
      if (stopped) return
      const leftMs = timeLeft(limitMs, passed)
      if (leftMs === 0) return over({ ...passed, limitMs, starved: isStarved(limitMs, passed) })
      if (!told && passed.passedMs >= limitMs && passed.deniedMs >= limitMs * worthTelling) {
        told = true
        this.#tell(what, limitMs, passed)
      }
      wait(leftMs)
    }
    wait(limitMs * unwatched)
    return () => {
      stopped = true
      cancel?.()
    }
  }

  #tell(what: string, limitMs: number, { passedMs, deniedMs }: Passed): void {
    const { log, shortOfCpu } = this.#options
    const times = { limitMs, passedMs: Math.round(passedMs), deniedMs: Math.round(deniedMs) }
    log.warn({ what, ...times }, `the micro-VM gets too little CPU, and more time for that. ${enoughCpu}`)
    shortOfCpu?.()
  }
}

type Sources = Required<Pick<GuestClockOptions, "guest" | "own" | "wall">>

/** Time that passes for a guest. */
export class Stopwatch {
  readonly #options: Sources
  readonly #startedMs: number
  readonly #ownBefore: CpuUse | undefined
  /** What the guest was told to have had at the first look, and what it was denied from then until the last. */
  #before: (CpuUse & { readonly atMs: number }) | undefined
  #denied: { readonly ms: number; readonly atMs: number }

  constructor(options: Sources) {
    this.#options = options
    this.#startedMs = options.wall.now()
    this.#ownBefore = options.own()
    this.#denied = { ms: 0, atMs: this.#startedMs }
  }

  /** What has passed since it was started; of what the guest was denied, only that since the first look. */
  async look(): Promise<Passed> {
    const { guest, own: ownUse, wall } = this.#options
    const told = await guest()
    await setImmediate() // what has been said while this process could not run is heard before anything is made of silence
    const [own, now] = [ownUse(), wall.now()]
    const passedMs = now - this.#startedMs
    const ownMs = own && this.#ownBefore ? deniedMs(passedMs, this.#ownBefore, own) : 0
    return { passedMs, deniedMs: Math.max(this.#deniedBy(now, told), ownMs) }
  }

  #deniedBy(atMs: number, told: Told): number {
    const { ms, atMs: lastMs } = this.#denied
    if (told === undefined) return ms
    if (told === "silent") this.#denied = { ms: ms + atMs - lastMs, atMs }
    else if (this.#before) this.#denied = { ms: deniedMs(atMs - this.#before.atMs, this.#before, told), atMs }
    else
      [this.#before, this.#denied] = [
        { ...told, atMs },
        { ms, atMs },
      ]
    return this.#denied.ms
  }
}
