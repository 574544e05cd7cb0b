import { setTimeout as delay } from "node:timers/promises"
import { RecoveryError } from "../api/reasons.ts"
import type { HowItEnded } from "./blame.ts"
import type { Control } from "./control.ts"
import type { GuestClock } from "./cpu/guest-clock.ts"
import { howLate } from "./cpu/words.ts"
import type { GuestEnd } from "./guest.ts"
import type { UnderWay } from "./history.ts"
import type { GuestLog } from "./log.ts"
import type { Qmp } from "./qmp.ts"
import { watch } from "./watchdog.ts"

export interface ConnectionOptions {
  readonly qmp: Qmp
  readonly control: Control
  readonly underWay: UnderWay
  readonly clock: GuestClock
  readonly starved: () => boolean
  readonly log: GuestLog
  readonly pingEveryMs: number
  readonly pingMs: number
}

/** Both channels to a guest, as long as both are there. */
export interface Connection {
  /** Resolves when the guest is gone, for whatever reason. */
  readonly closed: Promise<GuestEnd>
  /** Its end is wanted from now on. */
  asked(): void
  /** Ends QEMU, unless it has ended, and both channels. */
  end(message: string, how: HowItEnded): void
}

/** QEMU's last word comes on another channel than the agent's, which may end before. */
const lastWordMs = 1000

/** Ends everything as soon as one channel has ended or the agent does not answer, and says why. */
export function keepConnection(options: ConnectionOptions): Connection {
  const { qmp, control, underWay, clock, starved, log, pingEveryMs, pingMs } = options
  const { promise: closed, resolve } = Promise.withResolvers<GuestEnd>()
  let asked = false
  let shutdown = ""
  qmp.onEvent(({ event, data }) => {
    if (event === "SHUTDOWN" && typeof data["reason"] === "string") shutdown = data["reason"].slice(0, 40)
  })
  let ended = false
  const end = (message: string, how: HowItEnded) => {
    if (ended) return
    ended = true
    stopWatching()
    if (!asked) log.warn({ message }, "the micro-VM is gone")
    if (!asked) underWay.died(how)
    resolve({ asked, message })
    if (!qmp.hasEnded) void qmp.execute("quit").catch(() => undefined)
    control.close()
    qmp.close()
  }
  const stopWatching = watch(control, { clock, everyMs: pingEveryMs, boundMs: pingMs }, (late) =>
    end(`The micro-VM did not answer ${howLate(late)}`, starved() || late.starved ? "starved" : "hung"),
  )
  void qmp.closed.then(() => {
    const why = shutdown === "" ? "" : ` (${shutdown})`
    return end(`The micro-VM has ended${why}.`, shutdown.startsWith("guest-") ? "panicked" : "vanished")
  })
  void control.closed.then(async (reason) => {
    const isConfused = reason instanceof RecoveryError && reason.code === "ProtocolError"
    if (!isConfused) await Promise.race([qmp.closed, delay(lastWordMs, undefined, { ref: false })])
    return end(reason.message, isConfused ? "hung" : "vanished")
  })
  return {
    closed,
    end,
    asked: () => {
      asked = true
    },
  }
}
