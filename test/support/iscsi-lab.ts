import { createHash, randomBytes } from "node:crypto"
import { createServer, type AddressInfo, type Socket } from "node:net"
import { connect } from "node:tls"
import { pino } from "pino"
import type { BlockDevice, NamedDisk } from "../../src/block/device.ts"
import type { ChapCredentials } from "../../src/iscsi/chap.ts"
import { connectInitiator, type Initiator } from "../../src/initiator/initiator.ts"
import type { InitiatorOptions } from "../../src/initiator/options.ts"
import { peerUri } from "../../src/pki/peer.ts"
import type { TargetOptions } from "../../src/target/options.ts"
import { startTarget, type Target } from "../../src/target/target.ts"
import { makeAuthority } from "./certificates.ts"

/** One session's worth of identity: an authority, the two ends' certificates, CHAP secrets, a name. */
export const lab = makeLab()

export const silent = pino({ level: "silent" })
export const targetName = "iqn.2026-11.dev.filerecovery:lab"
export const initiatorName = "iqn.2026-11.dev.filerecovery:restore"

export const chap: ChapCredentials = {
  initiatorUser: "restore",
  initiatorSecret: "the initiator's secret",
  targetUser: "target",
  targetSecret: "the target's secret",
}

function makeLab() {
  const authority = makeAuthority()
  const end = (role: string) => ({ ...authority.issue(`filerecovery://lab/${role}`), ca: authority.cert })
  return { authority, target: end("target"), restore: end("restore"), access: end("access") }
}

/** A target on loopback that serves these disks; options may be put in other words. */
export function startLabTarget(disks: readonly NamedDisk[], options: Partial<TargetOptions> = {}): Promise<Target> {
  return startTarget({
    host: "127.0.0.1",
    port: 0,
    iqn: targetName,
    disks,
    tls: lab.target,
    chap,
    authorizePeer: (certificate) => peerUri(certificate) === "filerecovery://lab/restore",
    log: silent,
    ...options,
  })
}

/** An initiator that belongs to it. */
export function connectLabInitiator(port: number, options: Partial<InitiatorOptions> = {}): Promise<Initiator> {
  return connectInitiator({
    host: "127.0.0.1",
    port,
    targetName,
    initiatorName,
    tls: lab.restore,
    authorizePeer: (certificate) => peerUri(certificate) === "filerecovery://lab/target",
    chap,
    log: silent,
    ...options,
  })
}

/** A disk in memory, for tests that need to know or to bend what is read. */
function memoryDisk(serial: string, content: Buffer, name = serial): NamedDisk & { readonly content: Buffer } {
  const device: BlockDevice = {
    sizeBytes: content.length,
    blockSize: 512,
    read: async (into, offset) => {
      if (offset + into.length > content.length) throw new RangeError("past the end")
      content.copy(into, 0, offset, offset + into.length)
    },
    close: () => Promise.resolve(),
  }
  return { name, serial, device, content }
}

export const randomDisk = (serial: string, bytes: number, name?: string) => memoryDisk(serial, randomBytes(bytes), name)

export function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex")
}

/** A plain TCP port in front of a target, for clients that have no TLS: it brings the client certificate. */
export async function openPlainDoor(port: number): Promise<{ port: number; close: () => void }> {
  const sockets = new Set<Socket>()
  const server = createServer((plain) => {
    const secure = connect({ host: "127.0.0.1", port, ...lab.restore, checkServerIdentity: () => undefined })
    sockets.add(plain.setNoDelay(true)).add(secure.setNoDelay(true))
    plain.pipe(secure).pipe(plain)
    plain.on("error", () => secure.destroy()).on("close", () => secure.destroy())
    secure.on("error", () => plain.destroy()).on("close", () => plain.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const close = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return { port: (server.address() as AddressInfo).port, close }
}
