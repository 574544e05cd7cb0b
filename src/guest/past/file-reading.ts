import { setTimeout as delay } from "node:timers/promises"
import type { GuestDisk } from "../disks.ts"
import type { GuestLog } from "../log.ts"
import type { Lease } from "../readers.ts"
import { type ReadRange, readFile } from "../sftp.ts"
import type { SftpChannel } from "../sftp-channel.ts"
import { FileMapper } from "./file-mapper.ts"
import type { FileMap } from "./file-map.ts"
import type { PastTheGuest } from "./past-the-guest.ts"
import { type DiskOf, readMapped } from "./read-map.ts"
import { sameBytes } from "./same-bytes.ts"
import { Shared } from "./shared.ts"
import { Unsuitable } from "./unsuitable.ts"

/** Reads of less than this are done before the guest has said where the bytes lie. */
const leastBytes = 8 << 20
/** So many files of a volume, one after the other, of which that couldn't be told: no other one is asked about. */
const mostMisses = 4
/** How long it may take to find out, milliseconds. */
const limitMs = 120_000
/**
 * The file is read through the guest meanwhile. Of a file with much of it only the first bytes are, and then the answer is
 * waited for a little: reading keeps a guest so busy that it comes to say nothing, with several files at once above all
 * (bytes; milliseconds).
 */
const muchBytes = 32 << 20
const firstBytes = 1 << 20
const waitMs = 5000

export interface FileReadingOptions {
  readonly mapper: FileMapper
  readonly past: PastTheGuest
  /** By their index in the guest. */
  readonly disks: readonly GuestDisk[]
  readonly log: GuestLog
  /** A channel to what is mounted from a device. */
  readonly lease: (device: string) => Promise<Lease>
}

/**
 * Reads files through the guest, and large ones past it as soon as it is known where they lie and both ways were seen to
 * give the same bytes (docs/decisions/past-the-guest.md).
 */
export class FileReading {
  readonly #options: FileReadingOptions
  /** By device, since the last file that could be read past the guest. */
  readonly #misses = new Map<string, number>()
  readonly #finds = new Shared<FileMap | undefined>()

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
    const key = [device, path.toString("hex"), range.start, range.end].join(" ")
    const find = this.#finds.join(key, (signal) => this.#find({ device, path, range }, signal))
    let map: FileMap | undefined
    const found = find.result.then((result) => (map = result))
    let at = range.start
    try {
      if (range.end - at >= muchBytes) {
        const first = { ...range, end: at + firstBytes }
        for await (const bytes of readFile(channel, path, first)) {
          at += bytes.length
          yield bytes
        }
        if (at < first.end) return
        await atMost(found, waitMs, range.signal)
      }
      if (map === undefined)
        for await (const bytes of readFile(channel, path, { ...range, start: at })) {
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
      find.leave()
      leave?.()
    }
  }

  /** Where the file lies, when it can be read there; never rejects. */
  async #find({ device, path, range }: File, nobodyWants: AbortSignal): Promise<FileMap | undefined> {
    const { mapper, past, log } = this.#options
    const signal = AbortSignal.any([nobodyWants, AbortSignal.timeout(limitMs)])
    let lease: Lease | undefined
    try {
      const map = await mapper.map(device, path, range, signal)
      const { channel } = (lease = await this.#options.lease(device))
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
    } finally {
      lease?.release()
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

/** Waits for the work, for so long, or until nobody wants it. */
async function atMost(work: Promise<unknown>, ms: number, gone: AbortSignal | undefined): Promise<void> {
  const late = new AbortController()
  const over = AbortSignal.any([late.signal, ...(gone === undefined ? [] : [gone])])
  void work.then(() => late.abort())
  await delay(ms, undefined, { signal: over }).catch(() => undefined)
}

interface File {
  readonly device: string
  readonly path: Buffer
  readonly range: ReadRange
}
