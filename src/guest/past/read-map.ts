import type { BlockDevice } from "../../block/device.ts"
import type { ReadRange } from "../sftp.ts"
import type { FileMap } from "./file-map.ts"

/** A disk by its index; the map holds no other index than those of disks that there are. */
export type DiskOf = (index: number) => Pick<BlockDevice, "read">

/** What a file is read in, bytes, and how many of these are under way, or wait for whoever reads, at once. */
const pieceBytes = 1 << 20
const maxReads = 4

/** Reads bytes of a mapped file from the disks, into a buffer that has room for them where there is one. */
export async function readBytes(
  map: FileMap,
  diskOf: DiskOf,
  { start, end }: Pick<ReadRange, "start" | "end">,
  into: Buffer = Buffer.allocUnsafeSlow(end - start),
): Promise<Buffer> {
  const bytes = into.subarray(0, end - start)
  const reads: Promise<void>[] = []
  let at = 0
  for (const piece of map.pieces(start, end)) {
    const part = bytes.subarray(at, at + piece.length)
    if ("disk" in piece) reads.push(diskOf(piece.disk).read(part, piece.offset))
    else part.fill(0)
    at += piece.length
  }
  await Promise.all(reads)
  return bytes
}

/**
 * The same as a stream, with several reads under way, no faster than it is taken. A disk that is away is waited for as long
 * as it lets its readers wait; the signal ends that at once. `over` is called when nothing is read any more.
 */
export async function* readMapped(
  map: FileMap,
  diskOf: DiskOf,
  { start, end, signal, lent }: ReadRange,
  over: () => void,
): AsyncGenerator<Buffer, void, undefined> {
  const underWay: Promise<Buffer>[] = []
  /** Buffers that nobody uses: memory that is new to the process takes longer to fill than all else here. */
  const free: Buffer[] = []
  try {
    signal?.throwIfAborted()
    for (let next = start; next < end || underWay.length > 0;) {
      while (next < end && underWay.length < maxReads) {
        const to = Math.min(end, next - (next % pieceBytes) + pieceBytes)
        const into = free.pop() ?? Buffer.allocUnsafeSlow(lent ? pieceBytes : to - next)
        const bytes = readBytes(map, diskOf, { start: next, end: to }, into)
        bytes.catch(() => undefined) // seen when its turn comes
        underWay.push(bytes)
        next = to
      }
      const [first] = underWay
      if (first === undefined) return
      const bytes = await unlessAborted(first, signal)
      void underWay.shift()
      yield bytes
      if (lent) free.push(Buffer.from(bytes.buffer))
    }
  } finally {
    void Promise.allSettled(underWay).then(over)
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener("abort", abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort))
  })
}
