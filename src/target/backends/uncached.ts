import { constants } from "node:fs"
import type { FileHandle } from "node:fs/promises"
import { openForReading } from "./raw.ts"

/** V8 gives this memory whole pages, which no Buffer has; the types of Node leave it out. */
declare const WebAssembly: { Memory: new (size: { initial: number; maximum: number }) => { buffer: ArrayBuffer } }
/** Its unit, in bytes. */
const wasmPageBytes = 64 * 1024

/**
 * Opens for reading around the page cache (O_DIRECT), so that what is read is what the medium has now, and a disk that is
 * read whole takes nobody's cache. Offsets and lengths must be multiples of the disk's block size, and what is read into
 * must come from `alignedBuffer`. A file system that can't do that (tmpfs, before Linux 6.6) is read as usual.
 * Rejects with `DeviceNotReadable` or `DiskUnreadable`.
 */
export async function openUncached(path: string): Promise<FileHandle> {
  try {
    return await openForReading(path, constants.O_RDONLY | constants.O_DIRECT)
  } catch (error) {
    if (!isRefused(error)) throw error
    return openForReading(path)
  }
}

/** A buffer that begins at a page. `bytes` is rounded up to 64 KiB. */
export function alignedBuffer(bytes: number): Buffer {
  const pages = Math.ceil(bytes / wasmPageBytes)
  return Buffer.from(new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer)
}

const isRefused = (error: unknown) =>
  error instanceof Error && (error.cause as NodeJS.ErrnoException | undefined)?.code === "EINVAL"
