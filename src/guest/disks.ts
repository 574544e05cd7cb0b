import { rm } from "node:fs/promises"
import { z } from "zod"
import { RecoveryError } from "../api/reasons.ts"
import type { Qmp } from "./qmp.ts"

/** A disk as QEMU reaches it: an export of an NBD server on a unix socket. */
export interface GuestDisk {
  /** What the user calls it. */
  readonly name: string
  /** 1 to 36 characters of [A-Za-z0-9-]. */
  readonly serial: string
  /** Path of the socket, absolute, as QEMU sees it. */
  readonly nbdSocket: string
  readonly export: string
  /** Logical block size in bytes, 512 or 4096; 512 where it isn't said. */
  readonly blockSize?: number
  /** Told of a disk that is left out; the guest says it of all others. */
  readonly sizeBytes?: number
}

const targetsPerController = 256
const blockNode = z.object({
  "node-name": z.string(),
  image: z.object({ "virtual-size": z.number().int().nonnegative() }),
})
const job = z.looseObject({ id: z.string(), error: z.string().max(4096).optional() })

/**
 * Plugs a disk into the running machine. The source is opened read-only; what the guest writes (a replayed journal, LVM
 * metadata) goes to a throw-away overlay, a file that has no name any more once QEMU has opened it.
 * Rejects with DiskUnreadable and QEMU's words.
 */
export async function plugDisk(qmp: Qmp, disk: GuestDisk, index: number, overlayDir: string): Promise<void> {
  const overlay = `${overlayDir}/overlay${index}`
  try {
    const sizeBytes = await openSource(qmp, disk, index)
    await rm(overlay, { force: true })
    await runJob(qmp, `create${index}`, { driver: "file", filename: overlay, size: 0 })
    // a throw-away file needs no flush
    const cache = { "no-flush": true }
    await qmp.execute("blockdev-add", { driver: "file", "node-name": `overlay-file${index}`, filename: overlay, cache })
    await runJob(qmp, `format${index}`, { driver: "qcow2", file: `overlay-file${index}`, size: sizeBytes })
    await qmp.execute("blockdev-add", {
      driver: "qcow2",
      "node-name": overlayNode(index),
      file: `overlay-file${index}`,
      backing: `source${index}`,
      cache,
      // its tables are cached up to 32 MiB a disk otherwise, where a guest writes to places far from each other
      "l2-cache-size": 1 << 20,
    })
    await qmp.execute("device_add", {
      driver: "scsi-hd",
      id: `disk${index}`,
      bus: "scsi.0",
      "scsi-id": index % targetsPerController,
      lun: Math.floor(index / targetsPerController),
      drive: overlayNode(index),
      serial: disk.serial,
      logical_block_size: disk.blockSize ?? 512,
      physical_block_size: 4096,
      // errors go to the guest: the default would stop the machine when the overlay is full
      rerror: "report",
      werror: "report",
    })
  } catch (cause) {
    if (qmp.hasEnded) throw cause // that of the disk's making or not is for others to tell
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new RecoveryError("DiskUnreadable", `Disk ${disk.name} can't be given to the micro-VM: ${why}`, { cause })
  } finally {
    await rm(overlay, { force: true })
  }
}

async function openSource(qmp: Qmp, disk: GuestDisk, index: number): Promise<number> {
  const name = `source${index}`
  await qmp.execute("blockdev-add", {
    driver: "nbd",
    "node-name": name,
    "read-only": true,
    server: { type: "unix", path: disk.nbdSocket },
    export: disk.export,
  })
  const nodes = z.array(z.unknown()).parse(await qmp.execute("query-named-block-nodes", { flat: true }))
  for (const node of nodes) {
    const { success, data } = blockNode.safeParse(node)
    if (success && data["node-name"] === name) return data.image["virtual-size"]
  }
  throw new RecoveryError("GuestFailed", `QEMU does not know the node ${name} it has just made.`)
}

/** QEMU's name of what the guest has as that disk: the disk, and above it what the guest has written. */
export const overlayNode = (index: number) => `overlay${index}`

/** blockdev-create is a job: it has ended when its status says so. */
async function runJob(qmp: Qmp, id: string, options: Record<string, unknown>): Promise<void> {
  const { promise: concluded, resolve, reject } = Promise.withResolvers<void>()
  const stop = qmp.onEvent(({ event, data }) => {
    if (event === "JOB_STATUS_CHANGE" && data["id"] === id && data["status"] === "concluded") resolve()
  })
  void qmp.closed.then(() => reject(new RecoveryError("GuestFailed", "The micro-VM has ended.")))
  try {
    await Promise.all([concluded, qmp.execute("blockdev-create", { "job-id": id, options })])
  } finally {
    stop()
  }
  const jobs = z.array(job).parse(await qmp.execute("query-jobs"))
  await qmp.execute("job-dismiss", { id })
  const error = jobs.find((job) => job.id === id)?.error
  if (error !== undefined) throw new RecoveryError("GuestFailed", `QEMU: ${error}`)
}
