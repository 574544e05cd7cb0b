import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import type { Logger } from "pino"
import { RecoveryError, reasonOf } from "../api/reasons.ts"
import { startFileServices } from "../files/services.ts"
import { guestBlockSize } from "../guest/block-size.ts"
import { connectGuest, type ConnectOptions } from "../guest/connect.ts"
import type { Guest } from "../guest/guest.ts"
import { keepGuest } from "../guest/keep.ts"
import { PastTheGuest } from "../guest/past/past-the-guest.ts"
import type { Initiator } from "../initiator/initiator.ts"
import { serveNbd } from "../nbd/server.ts"
import { WaitingReads } from "../nbd/waiting-reads.ts"
import { live } from "./live.ts"
import { logIn } from "./log-in.ts"
import type { FilesOptions } from "./options.ts"
import { RestoreState } from "./restore-state.ts"
import { readAccess, readPodSecrets, type Access, type PodSecrets } from "./secrets.ts"
import { awaitGuestSibling, type GuestSibling } from "./sibling.ts"
import { readUnlockKeys } from "./unlock-keys.ts"

/** What downloads get to finish once the session is being released, milliseconds. */
const drainMs = 25_000
/** A read of a disk that takes longer, milliseconds, says that the storage is away. */
const starvedMs = 10_000

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
  const past = (state.past = new PastTheGuest(initiator.disks))
  const waiting = new WaitingReads()
  const exports = new Map(initiator.disks.map(({ serial, device }) => [serial, waiting.of(device)]))
  const nbd = await serveNbd({ path: nbdSocket(dir), exports, log })
  stack.defer(() => nbd.close())
  const ended = AbortSignal.any([signal, lostForGood(initiator, sibling)])
  let guest: Guest | undefined
  stack.defer(async () => {
    if (guest === undefined) return
    sibling.sayReleased()
    await guest.powerOff()
  })
  try {
    await keepGuest({
      start: (history) => findGuest(context, { history, past, starved: () => waiting.oldestMs > starvedMs }, ended),
      came: (now) => serveFrom((guest = now), context),
      left: () => {
        guest = undefined
        state.guest.left()
      },
      log,
      signal: ended,
    })
  } catch (error) {
    if (!ended.aborted && reasonOf(error) === "GuestFailed") sibling.sayGivenUp()
    throw error
  }
  ended.throwIfAborted()
}

async function findGuest(
  { options, state, log }: Context,
  kept: Required<Pick<ConnectOptions, "history" | "past" | "starved">>,
  signal: AbortSignal,
): Promise<Guest> {
  const dir = options["guest-dir"]
  const disks = await Promise.all(
    state.disks.map(async ({ name, serial, device }) => {
      const [blockSize, { sizeBytes }] = [await guestBlockSize(device), device]
      return { name, serial, nbdSocket: nbdSocket(dir), export: serial, blockSize, sizeBytes }
    }),
  )
  const keys = await readUnlockKeys(options["unlock-dir"], options.unlock, log)
  try {
    const { "overlay-dir": overlayDir, journal } = options
    return await connectGuest({ ...kept, dir, overlayDir, disks, keys, journal, log, signal })
  } finally {
    for (const { value } of keys) value?.reveal().fill(0)
  }
}

/** The file service starts with the first guest and stays when that is replaced. */
async function serveFrom(guest: Guest, { options, secrets, access, log, state, stack }: Context): Promise<void> {
  state.guest.came(guest)
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
      source: state.guest,
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
