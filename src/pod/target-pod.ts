import { setTimeout as delay } from "node:timers/promises"
import type { Logger } from "pino"
import { RecoveryError } from "../api/reasons.ts"
import type { NamedDisk } from "../block/device.ts"
import type { TargetStatus } from "../control/schemas.ts"
import { authorizePeer, sessionUri } from "../pki/peer.ts"
import { startTarget, type Target } from "../target/target.ts"
import type { Lifetime } from "./lifetime.ts"
import { live } from "./live.ts"
import { openDisks } from "./open-disks.ts"
import type { TargetOptions } from "./options.ts"
import { readPodSecrets } from "./secrets.ts"

/** How long initiators may take to log out before they are cut off, milliseconds. */
const logoutMs = 20_000

/** The target pod: serves the disks over iSCSI to this session's restore pod, until it is released. */
export async function runTargetPod(options: TargetOptions, log: Logger): Promise<void> {
  const sessionUid = options["session-uid"]
  const secrets = await readPodSecrets(options.secrets, sessionUid, "target")
  let disks: NamedDisk[] = []
  let target: Target | undefined
  await live(options, secrets, log, {
    async run(stack, signal) {
      disks = await openDisks(options.disk, options["device-timeout"] * 1000, stack, signal)
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
      stack.defer(() => letGo(started, log))
      target = started
      log.info({ port: target.port }, "serving")
    },
    status(life) {
      if (target === undefined) throw new RecoveryError("NotReady", "The target does not serve yet.")
      return targetStatus(sessionUid, life, disks, target)
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

const states = { Running: "Serving", Releasing: "Releasing", Released: "Released" } as const

function targetStatus(sessionUid: string, life: Lifetime, disks: NamedDisk[], target: Target): TargetStatus {
  const { sessions, bytesServed, refused, writeAttempts, lastActivityAt } = target.counters()
  return {
    role: "target",
    sessionUid,
    state: states[life.state],
    now: new Date().toISOString(),
    deadline: life.deadline.toISOString(),
    disks: disks.map(({ name, serial, device }) => ({ name, serial, sizeBytes: device.sizeBytes })),
    counters: {
      initiators: sessions.now,
      bytesServed,
      refused: { ...refused },
      writeAttempts,
      lastActivityAt: lastActivityAt?.toISOString() ?? null,
    },
  }
}
