import { mkdir, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import type { Logger } from "pino"
import { RecoveryError } from "../api/reasons.ts"
import { prepareAppliance } from "../guest/appliance.ts"
import { maxGuests } from "../guest/history.ts"
import { lastWords, superviseQemu, type QemuExit } from "../guest/supervise.ts"
import type { GuestOptions } from "./options.ts"
import { onTermination } from "./signals.ts"
import { findFilesSibling, type FilesSibling } from "./sibling.ts"

/** After SIGTERM the file service still needs the guest while it drains; within the pod's grace period of 60 s. */
const siblingGraceMs = 50_000
/** The file service's container starts with this one; without it there is nothing to do. */
const siblingComesMs = 120_000
/** A farewell was sent before the guest was switched off; this is for one that is still on its way. */
const farewellMs = 1000

/**
 * The container QEMU runs in: no Secret, and only the directory of sockets shared with the file service. QEMU is started
 * again when it dies unasked, until the file service gives up. Ends when the guest was switched off on purpose, when the file service is gone, or
 * some time after SIGTERM; QEMU never stays behind.
 */
export async function runGuestPod(options: GuestOptions, log: Logger): Promise<void> {
  const dir = options["guest-dir"]
  await mkdir(dir, { recursive: true })
  const stop = new AbortController()
  const sibling = findFilesSibling(dir, stop.signal)
  const end = (why: string) => {
    if (stop.signal.aborted) return
    log.info({ why }, "ending")
    stop.abort()
  }
  void sibling.gone.then(() => end("the file service is gone"))
  const alone = setTimeout(() => {
    if (!sibling.connected) end("no file service came")
  }, siblingComesMs)
  onTermination((signal) => {
    if (!sibling.connected) return end(signal)
    log.info({ signal }, "waiting for the file service to end")
    return void delay(siblingGraceMs, undefined, { signal: stop.signal }).then(
      () => end(signal),
      () => undefined,
    )
  })
  try {
    await superviseAll(options, log, sibling, stop.signal)
  } finally {
    stop.abort()
    clearTimeout(alone)
    await removeSockets(dir)
  }
}

/**
 * Who ended a guest, and whether another one is worth it, is known to the file service: it says when it gives up. This only sees
 * to it that there is one, and an end of that.
 */
async function superviseAll(
  options: GuestOptions,
  log: Logger,
  sibling: FilesSibling,
  signal: AbortSignal,
): Promise<void> {
  let ends = 0
  let last: QemuExit | undefined
  for (;;) {
    const exit = await supervise(options, log, signal)
    await Promise.race([sibling.farewell, delay(farewellMs, undefined, { signal }).catch(() => undefined)])
    if (sibling.released) return
    if (!exit.asked) [last, ends] = [exit, ends + 1]
    if (last !== undefined && (sibling.givenUp || ends >= maxGuests)) throw endedFor(last, ends)
    if (exit.asked || signal.aborted) return
    log.warn({ words: lastWords(exit) }, `${howOf(exit)}; it is started again`)
  }
}

const howOf = (exit: QemuExit) => `QEMU ended unasked (${exit.signal ?? `code ${exit.code}`})`

function endedFor(exit: QemuExit, times: number): RecoveryError {
  const often = times === 1 ? "once" : times === 2 ? "twice" : `${times} times`
  return new RecoveryError("GuestFailed", `${howOf(exit)}, ${often}. Its last words: ${lastWords(exit) || "none"}`)
}

async function supervise(options: GuestOptions, log: Logger, signal: AbortSignal): Promise<QemuExit> {
  const appliance = await prepareAppliance((line) => log.info(line))
  await emptyOverlays(options["overlay-dir"])
  return superviseQemu({
    ...appliance,
    dir: options["guest-dir"],
    memoryMiB: options.memory,
    cpus: options.cpus,
    accel: options.kvm ? "kvm" : "tcg",
    log,
    signal,
    started: (pid) => log.info({ pid }, "QEMU runs"),
  })
}

/** What an earlier QEMU wrote is of no use and takes memory. */
async function emptyOverlays(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true })
  await removeNamed(dir, /^overlay\d+$/)
}

/** A QEMU that was killed leaves its sockets: those of its channels and sessions, and that of what was written (WrittenBlocks). */
async function removeSockets(dir: string): Promise<void> {
  await removeNamed(dir, /^(?:qmp|ctl|written|s\d+|cpu)$/)
}

async function removeNamed(dir: string, names: RegExp): Promise<void> {
  for (const name of await readdir(dir)) if (names.test(name)) await rm(join(dir, name), { force: true })
}
