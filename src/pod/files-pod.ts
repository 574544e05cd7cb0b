import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import type { Logger } from "pino"
import { RecoveryError, reasonOf } from "../api/reasons.ts"
import { startFileServices } from "../files/services.ts"
import { guestBlockSize } from "../guest/block-size.ts"
import { connectGuest } from "../guest/connect.ts"
import type { Guest } from "../guest/guest.ts"
import type { Initiator } from "../initiator/initiator.ts"
import { serveNbd } from "../nbd/server.ts"
import { aborted } from "./aborted.ts"
import { live } from "./live.ts"
import { logIn } from "./log-in.ts"
import type { FilesOptions } from "./options.ts"
import { RestoreState } from "./restore-state.ts"
import { readAccess, readPodSecrets, type Access, type PodSecrets } from "./secrets.ts"
import { awaitGuestSibling, type GuestSibling } from "./sibling.ts"
import { readUnlockKeys } from "./unlock-keys.ts"

/** What downloads get to finish once the session is being released, milliseconds. */
const drainMs = 25_000
/** QEMU is started again once in place; a guest that is lost a second time is lost for good. */
const guestLosses = 1

/**
 * The file service's container of the restore pod:
 * ```
 *   target -- iSCSI --> initiator -- NBD, unix socket --> QEMU (the other container) -- sftp, tar --> HTTPS
 * ```
 * The release takes it down from the right to the left.
 */
export async function runFilesPod(options: FilesOptions, log: Logger): Promise<void> {
  const sessionUid = options["session-uid"]
  const secrets = await readPodSecrets(options.secrets, sessionUid, "restore")
  const access = await readAccess(options.secrets)
  const state = new RestoreState()
  await live(options, secrets, log, {
    run: (stack, signal) => run({ options, secrets, access, log, state, stack, signal }),
    status: (life) => state.status(sessionUid, life),
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
  const dir = options["guest-dir"]
  await mkdir(dir, { recursive: true })
  const sibling = await awaitGuestSibling(dir)
  stack.defer(() => sibling.close())
  const initiator = await logIn(options, secrets, log, signal)
  stack.defer(() => initiator.logout())
  state.disks = initiator.disks
  const exports = new Map(initiator.disks.map(({ serial, device }) => [serial, device]))
  const nbd = await serveNbd({ path: nbdSocket(dir), exports, log })
  stack.defer(() => nbd.close())
  const ended = AbortSignal.any([signal, lostForGood(initiator, sibling)])
  let guest: Guest | undefined
  stack.defer(async () => {
    if (guest === undefined) return
    sibling.sayReleased()
    await guest.powerOff()
  })
  for (let losses = 0; ; losses++) {
    try {
      guest = await findGuest(context, ended)
      await serveFrom(guest, context)
      const closed = guest.closed.then(() => (guest = undefined))
      await Promise.race([closed, aborted(ended)])
      if (!ended.aborted) log.warn("the guest is gone; another one is awaited")
    } catch (error) {
      if (ended.aborted || reasonOf(error) !== "GuestFailed" || losses >= guestLosses) throw error
      log.warn({ err: error }, "the guest did not come up; another one is awaited")
    }
    ended.throwIfAborted()
    state.unmounted()
    if (losses >= guestLosses) throw new RecoveryError("GuestFailed", "The micro-VM ended twice; the log says how.")
  }
}

async function findGuest({ options, state, log }: Context, signal: AbortSignal): Promise<Guest> {
  const dir = options["guest-dir"]
  const disks = await Promise.all(
    state.disks.map(async ({ name, serial, device }) => {
      return { name, serial, nbdSocket: nbdSocket(dir), export: serial, blockSize: await guestBlockSize(device) }
    }),
  )
  const keys = await readUnlockKeys(options["unlock-dir"], options.unlock, log)
  try {
    const { "overlay-dir": overlayDir, journal } = options
    return await connectGuest({ dir, overlayDir, disks, keys, journal, log, signal })
  } finally {
    for (const { value } of keys) value?.reveal().fill(0)
  }
}

/** The file service starts with the first guest and stays when that is replaced. */
async function serveFrom(guest: Guest, { options, secrets, access, log, state, stack }: Context): Promise<void> {
  state.mounted(guest)
  if (state.service === undefined) {
    const service = await startFileServices({
      host: options.host,
      port: options["files-port"],
      sftpPort: options["sftp-port"],
      tls: secrets.identity,
      credentials: access,
      session: options["session-uid"],
      // one line each in the pod's log, told by `"audit":true`: that is what clusters collect and keep
      writeAudit: (line) => void process.stdout.write(`${line}\n`),
      source: state.source,
      log,
    })
    stack.defer(() => service.drain(drainMs))
    state.service = service
  }
  const { volumes } = guest.catalogue()
  const { port, sftp } = state.service
  log.info({ port, ...(sftp && { sftpPort: sftp.port, sftpHostKey: sftp.hostKey }), volumes: volumes.length }, "ready")
}

/** Aborted, with the reason, when target or guest will not come back. */
function lostForGood(initiator: Initiator, sibling: GuestSibling): AbortSignal {
  const lost = new AbortController()
  initiator.onState((state) => {
    if (state !== "failed") return
    lost.abort(new RecoveryError("TargetLost", "The target refused us or did not come back; see the target pod."))
  })
  void sibling.gone.then(() =>
    lost.abort(new RecoveryError("GuestFailed", "The guest's container has ended; its termination message says why.")),
  )
  return lost.signal
}

const nbdSocket = (dir: string) => join(dir, "nbd")
