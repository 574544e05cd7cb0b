import { randomBytes, randomInt } from "node:crypto"
import { RecoveryError } from "../api/reasons.ts"
import type { NamedDisk } from "../block/device.ts"
import { checkAlgorithms, checkCredentials, sha256Only } from "../iscsi/chap.ts"
import { serialNumber } from "../iscsi/scsi/vital-product-data.ts"
import { BufferPool } from "../block/buffer-pool.ts"
import type { ChallengeSource } from "./chap-exchange.ts"
import { Tally, type TargetCounters } from "./counters.ts"
import { standardLimits, type TargetOptions } from "./options.ts"
import { Portal } from "./portal.ts"
import { SessionRegistry } from "./registry.ts"
import type { UnitOnDisk } from "./scsi-responder.ts"

/** A running target. */
export interface Target {
  /** The port it listens on. */
  readonly port: number
  counters(): TargetCounters
  /** Refuses new logins at once, asks initiators to log out, resolves when nobody is logged in. May wait for ever. */
  release(): Promise<void>
  /** Ends all sessions without asking and stops listening. The disks stay open: they are the caller's. */
  close(): Promise<void>
}

const maxDisks = 256

/**
 * Serves disks read-only over iSCSI (RFC 7143) inside TLS 1.3 with client certificates and mutual CHAP, one logical unit
 * each. Rejects with `UsageError` for credentials or disks that mustn't be used.
 */
export async function startTarget(options: TargetOptions): Promise<Target> {
  const algorithms = options.chapAlgorithms ?? sha256Only
  checkCredentials(options.chap)
  checkAlgorithms(algorithms)
  const tally = new Tally()
  const registry = new SessionRegistry()
  const limits = { ...standardLimits, ...options.limits }
  const units = unitsOf(options.disks)
  const portal = new Portal({
    options,
    algorithms,
    limits,
    units,
    registry,
    tally,
    pool: new BufferPool(),
    challenges: randomChallenges(),
  })
  const port = await portal.listen()
  options.log.info({ port, disks: options.disks.length }, "target listens")
  return {
    port,
    counters: () => tally.snapshot(),
    release: () => registry.release(),
    close: async () => {
      registry.destroy()
      await portal.close()
    },
  }
}

function unitsOf(disks: readonly NamedDisk[]): ReadonlyMap<number, UnitOnDisk> {
  if (disks.length > maxDisks)
    throw new RecoveryError("UsageError", `${disks.length} disks are too many for one target; ${maxDisks} are the most`)
  const serials = new Set(disks.map(({ serial }) => serial))
  if (serials.size < disks.length)
    throw new RecoveryError("UsageError", "two disks have the same serial number; give each its own")
  return new Map(disks.map((disk, lun) => [lun, unitOf(disk, lun)]))
}

function unitOf(disk: NamedDisk, lun: number): UnitOnDisk {
  const { name, serial, device } = disk
  const { blockSize, sizeBytes } = device
  if (!serialNumber.test(serial))
    throw new RecoveryError("UsageError", `the serial number of disk ${name} isn't 1 to 36 of [A-Za-z0-9-]`)
  if (sizeBytes < blockSize)
    throw new RecoveryError("DiskUnreadable", `disk ${name} is empty; recover another recovery point`)
  return { lun, serial, name, blockSize, blocks: Math.floor(sizeBytes / blockSize), disk }
}

function randomChallenges(): ChallengeSource {
  let last = -1
  return { challenge: (bytes) => randomBytes(bytes), identifier: () => (last = (last + randomInt(1, 256)) & 0xff) }
}
