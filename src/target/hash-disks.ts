import { createHash } from "node:crypto"
import { RecoveryError } from "../api/reasons.ts"
import { alignedBuffer, openUncached } from "./backends/uncached.ts"

/** A disk that is hashed, by its path: it is read around the page cache, not through the device that is served. */
export interface HashedDisk {
  readonly name: string
  readonly path: string
  readonly sizeBytes: number
}

export interface HashOptions {
  /** Ends all of it, soon, and rejects. */
  readonly signal: AbortSignal
  /** So many bytes more were hashed. */
  readonly progress: (bytes: number) => void
  /** In hexadecimal; `index` is the disk's. */
  readonly hashed: (index: number, sha256: string) => void
  /** This disk can't be hashed; the others are. */
  readonly failed: (index: number, error: RecoveryError) => void
}

/** Bytes of one read. While they are hashed, which blocks for a millisecond or two, the next are read. */
const chunkBytes = 1024 * 1024
/** Disks read at the same time: volumes are often throttled one by one. Each takes memory for two reads. */
const sideBySide = 4

/** Hashes disks whole (sha256). Rejects with the signal's reason only; what is wrong with a disk is told of that disk. */
export async function hashDisks(disks: readonly HashedDisk[], options: HashOptions): Promise<void> {
  const { signal, hashed, failed } = options
  const waiting = disks.entries()
  const work = async () => {
    for (const [index, disk] of waiting) {
      try {
        hashed(index, await hashDisk(disk, options))
      } catch (error) {
        signal.throwIfAborted()
        failed(index, aboutDisk(disk, error))
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(sideBySide, disks.length) }, work))
}

async function hashDisk({ path, sizeBytes }: HashedDisk, { signal, progress }: HashOptions): Promise<string> {
  const file = await openUncached(path)
  try {
    const memory = alignedBuffer(2 * chunkBytes)
    let [filled, free] = [memory.subarray(0, chunkBytes), memory.subarray(chunkBytes)]
    const read = (at: number) => {
      const reading = file.read(free, 0, chunkBytes, at)
      reading.catch(() => undefined) // waited for only if nothing ends this before
      return reading
    }
    const hash = createHash("sha256")
    let reading = read(0)
    for (let done = 0; done < sizeBytes;) {
      const { bytesRead } = await reading
      signal.throwIfAborted()
      if (bytesRead === 0) throw new RecoveryError("DiskUnreadable", `it ends after ${done} of ${sizeBytes} bytes`)
      ;[filled, free] = [free, filled]
      const chunk = filled.subarray(0, Math.min(bytesRead, sizeBytes - done))
      done += chunk.length
      if (done < sizeBytes) reading = read(done)
      hash.update(chunk)
      progress(chunk.length)
    }
    return hash.digest("hex")
  } finally {
    await file.close()
  }
}

function aboutDisk({ name }: HashedDisk, error: unknown): RecoveryError {
  const code = error instanceof RecoveryError ? error.code : "DiskUnreadable"
  const words = error instanceof Error ? error.message : String(error)
  return new RecoveryError(code, `Disk ${name} can't be hashed: ${words}`, { cause: error })
}
