import { once } from "node:events"
import { createServer } from "node:net"
import { z } from "zod"
import { RecoveryError } from "../../api/reasons.ts"
import { GuestClock } from "../cpu/guest-clock.ts"
import { inTime } from "../in-time.ts"
import type { GuestLog } from "../log.ts"
import { awaitQmp, type Qmp, type QmpLimit } from "../qmp.ts"
import { untilEvent } from "../qmp-event.ts"
import type { Keep } from "./folder.ts"

export interface SaveOptions {
  /** Directory of QEMU's sockets. */
  readonly dir: string
  /** For the guest to boot, and then for its state to be written; for QEMU's answer to one command. Milliseconds. */
  readonly launchMs: number
  readonly commandMs: number
  readonly log: GuestLog
  readonly signal: AbortSignal
  /** Takes the state. */
  readonly keep: (state: Pick<Keep, "state" | "complete" | "signal">) => Promise<void>
}

const chardevs = z.array(z.object({ label: z.string(), "frontend-open": z.boolean() }))
const migration = z.object({ status: z.string(), "error-desc": z.string().optional() })

/**
 * Waits until a guest to which nobody has said anything has booted, has QEMU write its state, and lets it go on. A state
 * that can't be kept is told to the log only. Rejects with GuestFailed when the guest doesn't boot.
 */
export async function saveBooted(options: SaveOptions): Promise<void> {
  const { dir, launchMs, commandMs, log, signal } = options
  const clock = GuestClock.of(dir, { log })
  const limit = { clock, ms: launchMs, late: "The micro-VM did not answer", signal }
  const qmp = await inTime(limit, (signal) => booted(dir, { clock, commandMs }, signal))
  const started = performance.now()
  try {
    await save(qmp, options)
    log.debug({ ms: Math.round(performance.now() - started) }, "the state of the booted micro-VM is saved")
  } catch (err) {
    signal.throwIfAborted()
    log.warn({ err }, "the state of the micro-VM can't be saved; the next one boots, too")
  }
  try {
    await qmp.execute("cont") // one whose state was written stands still
  } finally {
    qmp.close()
  }
}

/** The agent opens its port when everything else is done. */
async function booted(dir: string, limit: QmpLimit, signal: AbortSignal): Promise<Qmp> {
  const qmp = await awaitQmp(`${dir}/qmp`, limit, signal)
  const close = () => qmp.close()
  signal.addEventListener("abort", close, { once: true })
  try {
    await qmp.execute("qmp_capabilities")
    await untilEvent(
      qmp,
      ({ event, data }) => event === "VSERPORT_CHANGE" && data["id"] === "ctl" && data["open"] === true,
      async () => {
        const ports = chardevs.parse(await qmp.execute("query-chardev"))
        return ports.some(({ label, "frontend-open": open }) => label === "ctl" && open)
      },
    )
    return qmp
  } catch (error) {
    close()
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener("abort", close)
  }
}

/** QEMU sends its state to a socket: its sandbox lets it start no program, and only we know where the state goes. */
async function save(qmp: Qmp, { dir, launchMs, signal, keep }: SaveOptions): Promise<void> {
  const path = `${dir}/state`
  const server = createServer().listen(path)
  await once(server, "listening")
  try {
    const capabilities = [{ capability: "events", state: true }]
    await qmp.execute("migrate-set-capabilities", { capabilities })
    await qmp.execute("migrate-set-parameters", { "max-bandwidth": 16 * 2 ** 30 })
    const ended = untilEvent(
      qmp,
      ({ event, data }) => event === "MIGRATION" && ["completed", "failed"].includes(String(data["status"])),
      async () => {
        await qmp.execute("migrate", { uri: `unix:${path}` })
        return false
      },
    )
    const complete = async () => {
      await ended
      const { status, "error-desc": why } = migration.parse(await qmp.execute("query-migrate"))
      if (status !== "completed") throw new RecoveryError("GuestFailed", `QEMU: ${why ?? `migration ${status}`}`)
    }
    let kept: Promise<void> | undefined
    server.once("connection", (state) => {
      kept = keep({ state, complete, signal: AbortSignal.any([signal, AbortSignal.timeout(launchMs)]) })
      kept.catch(() => state.destroy()) // has QEMU give up, too; told below
    })
    await ended
    await (kept ?? complete())
  } finally {
    server.close()
  }
}
