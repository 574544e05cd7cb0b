import type { Logger } from "pino"
import { RecoveryError } from "../api/reasons.ts"
import type { NamedDisk } from "../block/device.ts"
import { connectInitiator, type Initiator } from "../initiator/initiator.ts"
import { authorizePeer, sessionUri } from "../pki/peer.ts"
import type { FilesOptions } from "./options.ts"
import type { PodSecrets } from "./secrets.ts"

/**
 * Logs in to the session's target and checks that its disks are the ones meant, in their order. Waits for a target that
 * isn't there yet; the signal ends the waiting and no more, because reads go on while the session is being released.
 */
export async function logIn(
  options: FilesOptions,
  { identity, chap }: PodSecrets,
  log: Logger,
  signal: AbortSignal,
): Promise<Initiator> {
  signal.throwIfAborted()
  const giveUp = new AbortController()
  const forward = () => giveUp.abort()
  signal.addEventListener("abort", forward, { once: true })
  try {
    const initiator = await connectInitiator({
      host: options.portal.host,
      port: options.portal.port,
      targetName: options["target-iqn"],
      initiatorName: `${options["target-iqn"]}:restore`,
      tls: identity,
      chap,
      authorizePeer: authorizePeer(sessionUri(options["session-uid"], "target")),
      names: new Map(options.disk.map(({ name }, lun) => [lun, name])),
      log,
      signal: giveUp.signal,
    })
    try {
      checkDisks(options.disk, initiator.disks)
    } catch (error) {
      await initiator.logout()
      throw error
    }
    return initiator
  } finally {
    signal.removeEventListener("abort", forward)
  }
}

function checkDisks(wanted: FilesOptions["disk"], found: readonly NamedDisk[]): void {
  const [want, have] = [serials(wanted), serials(found)]
  if (want !== have) throw new RecoveryError("ProtocolError", `The target has the disks ${have} instead of ${want}.`)
}

const serials = (disks: readonly { serial: string }[]) => disks.map(({ serial }) => serial).join(", ") || "none"
