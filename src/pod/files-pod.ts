import { join } from "node:path"
import type { Logger } from "pino"
import { RecoveryError } from "../api/reasons.ts"
import { type FileServices, startFileServices } from "../files/services.ts"
import type { Initiator } from "../initiator/initiator.ts"
import { type GuestSide, guestSide, keepGuestSide, offerDisks, switchOff } from "./guest-side.ts"
import { live } from "./live.ts"
import { logIn } from "./log-in.ts"
import type { FilesOptions } from "./options.ts"
import { RestoreState } from "./restore-state.ts"
import { readAccess, readPodSecrets, type Access, type PodSecrets } from "./secrets.ts"

/** What downloads get to finish once the session is being released, milliseconds. */
const drainMs = 25_000

/**
 * The file service's container of the restore pod:
 * ```
 *   target -- iSCSI --> initiator -- NBD, unix socket --> QEMU (the other container) -- sftp, tar --> HTTPS, SFTP
 * ```
 * Several recovery points have a QEMU each, in containers of their own. The release takes it down from the right to the left.
 */
export async function runFilesPod(options: FilesOptions, log: Logger): Promise<void> {
  const sessionUid = options["session-uid"]
  const secrets = await readPodSecrets(options.secrets, sessionUid, "restore")
  const access = await readAccess(options.secrets)
  const state = new RestoreState(options.point)
  await live(options, secrets, log, {
    run: (stack, signal) => run({ options, secrets, access, log, state, stack, signal }),
    status: (life) => state.status(sessionUid, life),
    setPublicKeys: (lines) => state.publicKeys.set(lines),
    failed: (error) => state.failed(error),
  })
}

interface Context {
  readonly options: FilesOptions
  readonly secrets: PodSecrets
  readonly access: Access
  readonly log: Logger
  readonly state: RestoreState
  readonly stack: AsyncDisposableStack
  readonly signal: AbortSignal
}

async function run(context: Context): Promise<void> {
  const { options, secrets, log, state, stack, signal } = context
  const sides = await Promise.all(state.guests.map((guest, index) => guestSide(dirOf(options, index), guest)))
  stack.defer(() => all(sides, ({ sibling }) => sibling.close()))
  const initiator = await logIn(options, secrets, log, signal)
  stack.defer(() => initiator.logout())
  state.disks = initiator.disks
  const each = state.disks.length / sides.length
  if (!Number.isInteger(each))
    throw new RecoveryError("UsageError", `${state.disks.length} disks can't be those of ${sides.length} points.`)
  for (const [index, side] of sides.entries())
    stack.use(await offerDisks(side, state.disks.slice(index * each, (index + 1) * each), log))
  state.past = sides.map(({ past }) => past)
  stack.defer(() => all(sides, switchOff))
  const over = new AbortController()
  const ended = AbortSignal.any([signal, over.signal, lostForGood(initiator, sides)])
  let service: Promise<FileServices> | undefined
  // it starts when every guest is there, and stays when one is replaced
  const came = async () => {
    if (!state.mounted) return
    await (service ??= startService(context))
    tellReady(context)
  }
  const kept = sides.map((side) => keepGuestSide(side, { options, log, came, signal: ended }))
  try {
    await Promise.all(kept)
  } finally {
    over.abort() // one that is lost for good is the end of all
    await Promise.allSettled(kept)
  }
  ended.throwIfAborted()
}

const all = async <T>(of: readonly T[], work: (one: T) => Promise<void>) => void (await Promise.all(of.map(work)))

/** Where the sockets of a guest are, counted from 0. */
function dirOf({ "guest-dir": dir, point }: FilesOptions, index: number): string {
  return point === undefined ? dir : join(dir, String(index + 1))
}

async function startService({ options, secrets, access, log, state, stack }: Context): Promise<FileServices> {
  const service = await startFileServices({
    host: options.host,
    port: options["files-port"],
    sftpPort: options["sftp-port"],
    localSocket: options["local-socket"],
    tls: secrets.identity,
    credentials: access,
    publicKeys: state.publicKeys,
    session: options["session-uid"],
    // one line each in the pod's log, told by `"audit":true`: that is what clusters collect and keep
    writeAudit: (line) => void process.stdout.write(`${line}\n`),
    source: state.source,
    log,
  })
  stack.defer(() => service.drain(drainMs))
  return (state.service = service)
}

function tellReady({ state, log }: Context): void {
  if (state.service === undefined) return
  const { volumes } = state.source.catalogue()
  const { port, sftp } = state.service
  log.info({ port, ...(sftp && { sftpPort: sftp.port, sftpHostKey: sftp.hostKey }), volumes: volumes.length }, "ready")
}

/** Aborted, with the reason, when the target or a guest will not come back. */
function lostForGood(initiator: Initiator, sides: readonly GuestSide[]): AbortSignal {
  const lost = new AbortController()
  initiator.onState((state) => {
    if (state !== "failed") return
    lost.abort(new RecoveryError("TargetLost", "The target refused us or did not come back; see the target pod."))
  })
  for (const { sibling } of sides)
    void sibling.gone.then(() =>
      lost.abort(
        new RecoveryError("GuestFailed", "The guest's container has ended; its termination message says why."),
      ),
    )
  return lost.signal
}
