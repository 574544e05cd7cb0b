import { createHash, randomBytes, randomUUID } from "node:crypto"
import { mkdtemp, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { NamedDisk } from "../../block/device.ts"
import { loginKeyFrom } from "../../credentials/ssh-key.ts"
import { startFileServices } from "../../files/services.ts"
import type { FileSource } from "../../files/source.ts"
import type { Journal } from "../../guest/catalogue.ts"
import type { StartOptions } from "../../guest/start.ts"
import type { UnlockKey } from "../../guest/unlock-key.ts"
import { connectInitiator } from "../../initiator/initiator.ts"
import { serveNbd } from "../../nbd/server.ts"
import { WaitingReads } from "../../nbd/waiting-reads.ts"
import type { Log } from "../../observability/log.ts"
import { openBlockDevice } from "../../target/backends/block-device.ts"
import { openFile } from "../../target/backends/file.ts"
import { startTarget } from "../../target/target.ts"
import type { LocalSession } from "../client/local-session.ts"
import { diskNames } from "./disk-names.ts"
import { makeIdentities, type Identities } from "./identities.ts"
import { keepSource } from "./keep-source.ts"

export interface DataPathOptions {
  /** Raw disk images or block devices of this machine. */
  readonly images: readonly string[]
  /** Where they are of several recovery points: how many of them are each one's, in their order. */
  readonly points?: readonly number[]
  readonly memoryMiB: number
  readonly cpus: number
  readonly accel: "tcg" | "kvm"
  /** Tried on everything that is encrypted. */
  readonly keys?: readonly UnlockKey[]
  /** What becomes of journals that were not written back; `Replay` unless it is said. */
  readonly journal?: Journal
  /** How the micro-VM comes up: out of a saved state where that is safe, unless it is said. */
  readonly boot?: StartOptions["boot"]
  readonly log: Log
  /** Ends everything. */
  readonly signal: AbortSignal
  /** Told of each QEMU that runs. */
  readonly started?: (pid: number) => void
  /** Told what is being done. */
  readonly step: (what: string) => void
}

export interface DataPath extends AsyncDisposable {
  /** Files of whichever micro-VM there is. */
  readonly source: FileSource
  readonly session: LocalSession
  /** Rejects with GuestFailed when the micro-VM is lost for good; otherwise it resolves when all is ended. */
  readonly kept: Promise<void>
}

const loopback = "127.0.0.1"

/**
 * A session's whole data path in this process, without a cluster: target, TLS, initiator, NBD, micro-VM, file service,
 * with identities and secrets made for this once. Disposing of it leaves nothing behind.
 */
export async function openDataPath(options: DataPathOptions): Promise<DataPath> {
  await using stack = new AsyncDisposableStack()
  const { log, step } = options
  const uid = randomUUID()
  const identities = makeIdentities(uid, new Date())
  step(`opening ${options.images.length === 1 ? "the image" : `${options.images.length} images`}`)
  const disks = await openImages(options, uid, stack)
  const remote = await throughIscsi(uid, disks, identities, options, stack)
  const directory = await mkdtemp(join(tmpdir(), "frk-nbd-"))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  const nbdSocket = join(directory, "nbd")
  const waiting = new WaitingReads()
  const exports = new Map(remote.map(({ serial, device }) => [serial, waiting.of(device)]))
  const nbd = await serveNbd({ path: nbdSocket, exports, log })
  stack.defer(() => nbd.close())
  const { source, kept } = await keepSource(options, remote, nbdSocket, waiting, stack)
  const password = randomBytes(24).toString("base64url")
  const username = "recover"
  const passwordSha256 = createHash("sha256").update(password).digest("hex")
  const { key, cert, ca } = identities.restore
  const rights = ["files", "audit"] as const
  const credentials = { username, passwordSha256, sshPublicKey: loginKeyFrom(password).publicKey, rights }
  const service = await startFileServices({
    host: loopback,
    port: 0,
    sftpPort: 0,
    tls: { key, cert },
    credentials,
    session: uid,
    source,
    log,
  })
  stack.defer(() => service.close())
  const sftp = service.sftp && { sftp: { port: service.sftp.port, hostKey: service.sftp.hostKey } }
  const undo = stack.move()
  return {
    source,
    kept,
    session: { pid: process.pid, port: service.port, uid, ca, username, password, ...sftp },
    [Symbol.asyncDispose]: () => undo.disposeAsync(),
  }
}

async function openImages(
  { images, points = [images.length] }: DataPathOptions,
  uid: string,
  stack: AsyncDisposableStack,
): Promise<NamedDisk[]> {
  const prefix = createHash("sha256").update(uid).digest("hex").slice(0, 8)
  const names = namesOf(images, points)
  const disks: NamedDisk[] = []
  for (const [index, path] of images.entries()) {
    const isBlock = await stat(path)
      .then((stats) => stats.isBlockDevice())
      .catch(() => false)
    const device = isBlock ? await openBlockDevice(path) : await openFile(path)
    stack.defer(() => device.close())
    disks.push({ name: names[index] ?? path, serial: `${prefix}-${index}`, device })
  }
  return disks
}

/** Disks of several recovery points are the same ones at other times, and may have the same names. */
function namesOf(images: readonly string[], points: readonly number[]): string[] {
  const rest = [...images]
  return points.flatMap((count) => diskNames(rest.splice(0, count)))
}

/** Serves the disks on loopback and logs in to them, as the two pods of a session do. */
async function throughIscsi(
  uid: string,
  disks: readonly NamedDisk[],
  identities: Identities,
  { log, signal }: DataPathOptions,
  stack: AsyncDisposableStack,
): Promise<readonly NamedDisk[]> {
  const { chap } = identities
  const iqn = `iqn.2026-11.dev.filerecovery:${uid}`
  const target = await startTarget({
    host: loopback,
    port: 0,
    iqn,
    disks,
    tls: identities.target,
    chap,
    authorizePeer: identities.isRestore,
    log,
  })
  stack.defer(() => target.close())
  const initiator = await connectInitiator({
    host: loopback,
    port: target.port,
    targetName: iqn,
    initiatorName: `${iqn}:restore`,
    tls: identities.restore,
    chap,
    authorizePeer: identities.isTarget,
    log,
    signal,
    names: new Map(disks.map(({ name }, lun) => [lun, name])),
  })
  stack.defer(() => initiator.logout())
  return initiator.disks
}
