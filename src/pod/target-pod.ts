import { setTimeout as delay } from "node:timers/promises"
import type { Logger } from "pino"
import { RecoveryError } from "../api/reasons.ts"
import type { NamedDisk } from "../block/device.ts"
import type { TargetStatus } from "../control/schemas.ts"
import { authorizePeer, sessionUri } from "../pki/peer.ts"
import { Tally } from "../target/counters.ts"
import { startTarget, type Target } from "../target/target.ts"
import type { Lifetime } from "./lifetime.ts"
import { live } from "./live.ts"
import { openDisks } from "./open-disks.ts"
import type { TargetOptions } from "./options.ts"
import { readPodSecrets } from "./secrets.ts"
import { Verification } from "./verification.ts"

/** How long initiators may take to log out before they are cut off, milliseconds. */
const logoutMs = 20_000

/**
 * The target pod: serves the disks over iSCSI to this session's restore pod, until it is released. If it is to prove that
 * this changes nothing, it hashes the disks before and after.
 */
export async function runTargetPod(options: TargetOptions, log: Logger): Promise<void> {
  const sessionUid = options["session-uid"]
  const secrets = await readPodSecrets(options.secrets, sessionUid, "target")
  let disks: NamedDisk[] = []
  let target: Target | undefined
  const times = options["hash-disks"]
  const verification = times && new Verification(options.disk, times, log)
  await live(options, secrets, log, {
    unhurried: verification !== undefined,
    serve: () => verification?.serve(),
    async run(stack, signal, hurry) {
      disks = await openDisks(options.disk, options["device-timeout"] * 1000, stack, signal)
      await verification?.hashBefore(disks, signal)
      const started = await startTarget({
        host: options.host,
        port: options["iscsi-port"],
        iqn: options.iqn,
        disks,
        tls: secrets.identity,
        chap: secrets.chap,
        authorizePeer: authorizePeer(sessionUri(sessionUid, "restore")),
        log,
      })
      if (verification) stack.defer(() => verification.hashAfter(hurry))
      stack.defer(() => letGo(started, log))
      target = started
      log.info({ port: target.port }, "serving")
    },
    status(life) {
      if (target === undefined && !verification?.comesFirst)
        throw new RecoveryError("NotReady", "The target does not serve yet.")
      return targetStatus({ sessionUid, life, disks, target, verification })
    },
  })
}

async function letGo(target: Target, log: Logger): Promise<void> {
  const patience = new AbortController()
  const left = target.release().then(() => true)
  const late = delay(logoutMs, false, { signal: patience.signal }).catch(() => false)
  if (!(await Promise.race([left, late]))) log.warn("initiators did not log out; they are cut off")
  patience.abort()
  await target.close()
}

interface State {
  readonly sessionUid: string
  readonly life: Lifetime
  readonly disks: readonly NamedDisk[]
  /** Absent while the disks are hashed. */
  readonly target: Target | undefined
  readonly verification: Verification | undefined
}

function targetStatus({ sessionUid, life, disks, target, verification }: State): TargetStatus {
  const counters = target?.counters() ?? new Tally().snapshot()
  const { sessions, bytesServed, refused, writeAttempts, lastActivityAt } = counters
  const running = target ? "Serving" : "Hashing"
  const state = life.state === "Running" ? running : life.state
  const hashes = state === "Hashing" || (state === "Releasing" && target !== undefined && !life.hurry.aborted)
  return {
    role: "target",
    sessionUid,
    state,
    now: new Date().toISOString(),
    deadline: life.deadline.toISOString(),
    disks: disks.map(({ name, serial, device }, index) => ({
      name,
      serial,
      sizeBytes: device.sizeBytes,
      ...verification?.hashes(index),
    })),
    ...(verification && hashes && { hashing: verification.progress }),
    ...(verification?.problem && { problem: verification.problem }),
    counters: {
      initiators: sessions.now,
      bytesServed,
      refused: { ...refused },
      writeAttempts,
      lastActivityAt: lastActivityAt?.toISOString() ?? null,
    },
  }
}
