import type { GuestDisk } from "../disks.ts"
import type { GuestLog } from "../log.ts"
import { type ReadRange, readFile } from "../sftp.ts"
import type { SftpChannel } from "../sftp-channel.ts"
import { FileMapper } from "./file-mapper.ts"
import type { FileMap } from "./file-map.ts"
import type { PastTheGuest } from "./past-the-guest.ts"
import { type DiskOf, readMapped } from "./read-map.ts"
import { sameBytes } from "./same-bytes.ts"
import { Unsuitable } from "./unsuitable.ts"

/** Reads of less than this are done before the guest has said where the bytes lie. */
const leastBytes = 8 << 20
/** So many files of a volume, one after the other, of which that couldn't be told: no other one is asked about. */
const mostMisses = 4
/** How long it may take to find out, milliseconds; the file is read through the guest meanwhile. */
const limitMs = 120_000

export interface FileReadingOptions {
  readonly mapper: FileMapper
  readonly past: PastTheGuest
  /** By their index in the guest. */
  readonly disks: readonly GuestDisk[]
  readonly log: GuestLog
}

/**
 * Reads files through the guest, and large ones past it as soon as it is known where they lie and both ways were seen to
 * give the same bytes (docs/decisions/past-the-guest.md).
 */
export class FileReading {
  readonly #options: FileReadingOptions
  /** By device, since the last file that could be read past the guest. */
  readonly #misses = new Map<string, number>()

  constructor(options: FileReadingOptions) {
    this.#options = options
  }

  /** The bytes of a file on the volume of that device, or fewer when it is shorter. */
  async *read(
    channel: SftpChannel,
    device: string,
    path: Buffer,
    range: ReadRange,
  ): AsyncGenerator<Buffer, void, undefined> {
    const { past } = this.#options
    const isLarge = range.end - range.start >= leastBytes
    let leave = isLarge && this.#mayTry(device) ? past.enter() : undefined
    if (leave === undefined) return yield* readFile(channel, path, range)
    const stop = new AbortController()
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(limitMs)])
    let map: FileMap | undefined
    void this.#find({ channel, device, path, range }, signal).then((found) => (map = found))
    let at = range.start
    try {
      for await (const bytes of readFile(channel, path, range)) {
        at += bytes.length
        yield bytes
        if (map !== undefined) break
      }
      if (map === undefined || at >= range.end) return
      past.began()
      const pieces = readMapped(map, this.#diskOf, { ...range, start: at }, leave)
      leave = undefined // when its last read has ended
      for await (const bytes of pieces) {
        past.read(bytes.length)
        yield bytes
      }
    } finally {
      stop.abort()
      leave?.()
    }
  }

  /** Where the file lies, when it can be read there; never rejects. */
  async #find({ channel, device, path, range }: File, signal: AbortSignal): Promise<FileMap | undefined> {
    const { mapper, past, log } = this.#options
    try {
      const map = await mapper.map(device, path, range, signal)
      if (!(await sameBytes(map, this.#diskOf, (sample) => readFile(channel, path, { ...sample, signal })))) {
        past.differed()
        log.warn({ device }, "a file has other bytes past the guest than through it; its volume is read through it")
        throw new Unsuitable("volume", "both ways give different bytes")
      }
      this.#misses.set(device, 0)
      log.debug({ device }, "a file can be read past the guest")
      return map
    } catch (error) {
      const why = error instanceof Error ? error.message : ""
      log.debug({ device, why }, "a file is read through the guest")
      if (signal.aborted) return undefined // it took too long, or nobody reads any more: that says nothing
      const isOne = error instanceof Unsuitable && error.scope === "file"
      this.#misses.set(device, isOne ? (this.#misses.get(device) ?? 0) + 1 : mostMisses)
      return undefined
    }
  }

  #mayTry(device: string): boolean {
    return (this.#misses.get(device) ?? 0) < mostMisses
  }

  readonly #diskOf: DiskOf = (index) => {
    const { past, disks } = this.#options
    const disk = past.disk(disks[index]?.serial ?? "")
    if (disk === undefined) throw new Unsuitable("volume", "it lies on a disk that the session does not have")
    return disk
  }
}

interface File {
  readonly channel: SftpChannel
  readonly device: string
  readonly path: Buffer
  readonly range: ReadRange
}
