import type { GuestDisk } from "../disks.ts"
import { mountedAt } from "../paths.ts"
import type { SessionHost } from "../session.ts"
import { runVerb } from "../verb.ts"
import { maxExtents, parseExtents } from "./extents.ts"
import { FileMap } from "./file-map.ts"
import type { Layout } from "./layout.ts"
import { parseLayout } from "./layout-answer.ts"
import type { PastTheGuest } from "./past-the-guest.ts"
import { Unsuitable } from "./unsuitable.ts"
import type { WrittenBlocks } from "./written.ts"

/** Exit code of the verb `extents` where the file system has no extents to tell. */
const hasNone = 3
/** A line of an extent has 60 characters and some. */
const maxExtentsBytes = 128 * maxExtents
const maxLayoutBytes = 1 << 20

export interface FileMapperOptions {
  readonly host: SessionHost
  readonly disks: readonly GuestDisk[]
  readonly past: PastTheGuest
  readonly written: WrittenBlocks
}

/** Finds out where files lie on the session's disks. */
export class FileMapper {
  readonly #options: FileMapperOptions
  /** By device. What a mounted volume lies on stays where it is. */
  readonly #layouts = new Map<string, Promise<Layout>>()

  constructor(options: FileMapperOptions) {
    this.#options = options
  }

  /**
   * Where a part of a file lies on the disks as they are. Rejects with Unsuitable where it isn't known, or isn't there: where
   * the guest has written, for instance by replaying a journal, only it knows what the bytes are.
   */
  async map(
    device: string,
    path: Buffer,
    { start, end }: { start: number; end: number },
    signal: AbortSignal,
  ): Promise<FileMap> {
    const { host, written } = this.#options
    const deed = { kind: "read", volume: host.underWay.anchorOf(device) } as const
    const words = [mountedAt(device), path, ...[start, end - start, maxExtents].map(String)]
    const answer = await runVerb(host, "extents", words, {
      signal,
      deed,
      maxBytes: maxExtentsBytes,
      failed: (message, code) => new Unsuitable(code === hasNone ? "volume" : "file", message),
    })
    const { device: number, extents } = parseExtents(answer, { start, end })
    const layout = await this.#layoutOf(device, signal)
    if (layout.device !== number) throw new Unsuitable("volume", "its file system has another device")
    const map = new FileMap(extents, layout)
    if (await written.any(map.ranges, signal)) throw new Unsuitable("file", "the guest has written where it lies")
    return map
  }

  #layoutOf(device: string, signal: AbortSignal): Promise<Layout> {
    const known = this.#layouts.get(device)
    if (known !== undefined) return known
    const asked = this.#askLayout(device, signal)
    this.#layouts.set(device, asked)
    asked.catch(() => this.#layouts.delete(device)) // that of one reader who left says nothing
    return asked
  }

  async #askLayout(device: string, signal: AbortSignal): Promise<Layout> {
    const { host, disks, past } = this.#options
    const failed = (message: string) => new Unsuitable("volume", message)
    const answer = await runVerb(host, "layout", [device], { signal, maxBytes: maxLayoutBytes, failed })
    const sizes = disks.flatMap(({ serial }, index) => {
      const disk = past.disk(serial)
      return disk === undefined ? [] : [[index, disk.sizeBytes] as const]
    })
    return parseLayout(answer, new Map(sizes))
  }
}
