import { constants, read as readCallback, readSync } from "node:fs"
import { open, type FileHandle } from "node:fs/promises"
import { RecoveryError } from "../../api/reasons.ts"
import type { BlockDevice } from "../../block/device.ts"

/** A synchronous read that takes longer than this, in milliseconds, came from the medium and not from the cache. */
const slowMs = 1
/** So many reads after a slow one go through the thread pool, so that the event loop stays free; more, if it happens again. */
const asyncAfterSlow = { least: 64, most: 8192 } as const
/** Longest read that is tried synchronously, in bytes. */
const maxSyncBytes = 256 * 1024

/**
 * Reads a raw file or block device through its descriptor. Cached content can be read at once, which is more than twice as
 * quick as the thread pool; a slow read at once sends the next ones there.
 */
export class RawDevice implements BlockDevice {
  readonly sizeBytes: number
  readonly blockSize: number
  readonly #file: FileHandle
  readonly #path: string
  /** Bytes there really are; a file may end within its last block, the rest of which reads as zeros. */
  readonly #contentBytes: number
  #asyncReads = 0
  #nextAsyncReads: number = asyncAfterSlow.least
  #closed = false

  constructor(file: FileHandle, path: string, contentBytes: number, blockSize: number) {
    this.#file = file
    this.#path = path
    this.#contentBytes = contentBytes
    this.blockSize = blockSize
    this.sizeBytes = Math.ceil(contentBytes / blockSize) * blockSize
  }

  async read(into: Buffer, offset: number): Promise<void> {
    if (offset < 0 || offset + into.length > this.sizeBytes) {
      throw new RangeError(`read of ${into.length} bytes at ${offset} goes past the end of ${this.#path}`)
    }
    const wanted = Math.max(0, Math.min(into.length, this.#contentBytes - offset))
    if (wanted < into.length) into.fill(0, wanted)
    for (let done = 0; done < wanted;) {
      const got = await this.#readSome(into.subarray(done, wanted), offset + done)
      if (got === 0) throw this.#failure(new Error(`it has become shorter than ${this.#contentBytes} bytes`))
      done += got
    }
  }

  readNow(into: Buffer, offset: number): boolean {
    if (this.#asyncReads > 0 || this.#closed || into.length > maxSyncBytes) return false
    if (offset < 0 || offset + into.length > this.#contentBytes) return false
    return this.#readSync(into, offset) === into.length
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#file.close()
  }

  async #readSome(into: Buffer, offset: number): Promise<number> {
    if (this.#closed) throw this.#failure(new Error("it is closed"))
    try {
      if (this.#asyncReads > 0) this.#asyncReads--
      return await this.#readLater(into, offset)
    } catch (error) {
      throw this.#failure(error as Error)
    }
  }

  #readSync(into: Buffer, offset: number): number {
    const start = performance.now()
    try {
      return readSync(this.#file.fd, into, 0, into.length, offset)
    } catch (error) {
      throw this.#failure(error as Error)
    } finally {
      this.#learn(performance.now() - start)
    }
  }

  /** A cold medium is tried ever more seldom, a warm one at every read. */
  #learn(milliseconds: number): void {
    if (milliseconds <= slowMs) {
      this.#nextAsyncReads = asyncAfterSlow.least
      return
    }
    this.#asyncReads = this.#nextAsyncReads
    this.#nextAsyncReads = Math.min(asyncAfterSlow.most, this.#nextAsyncReads * 2)
  }

  /** The callback form spares the promise form's extra allocations, which show at 100,000 reads a second. */
  #readLater(into: Buffer, offset: number): Promise<number> {
    return new Promise((resolve, reject) => {
      readCallback(this.#file.fd, into, 0, into.length, offset, (error, got) => (error ? reject(error) : resolve(got)))
    })
  }

  #failure(cause: Error): RecoveryError {
    return new RecoveryError("DiskUnreadable", `${this.#path} can't be read: ${cause.message}`, { cause })
  }
}

/** Opens for reading only; says in our words why it can't. */
export async function openForReading(path: string, flags: number = constants.O_RDONLY): Promise<FileHandle> {
  try {
    return await open(path, flags)
  } catch (error) {
    throw explain(path, error as NodeJS.ErrnoException)
  }
}

function explain(path: string, cause: NodeJS.ErrnoException): RecoveryError {
  if (cause.code === "EACCES" || cause.code === "EPERM") {
    const cures =
      "set device_ownership_from_security_context = true in the node's container runtime, " +
      "or set the chart's diskGroup to the group that owns block devices on the nodes"
    return new RecoveryError("DeviceNotReadable", `${path} may not be opened (${cause.code}): ${cures}`, { cause })
  }
  return new RecoveryError(
    "DiskUnreadable",
    `${path} can't be opened (${cause.code ?? cause.message}); check the path`,
    { cause },
  )
}
