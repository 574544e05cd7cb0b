import { RecoveryError } from "../api/reasons.ts"
import { displayName } from "./names.ts"
import type { DirectoryEntry, FileSource, VolumeReader } from "./source.ts"

interface Listing {
  readonly reader: VolumeReader
  readonly batches: AsyncIterator<DirectoryEntry[]>
  /** Entries read but not yet given out. */
  rest: DirectoryEntry[]
  timer?: NodeJS.Timeout
}

export interface Page {
  readonly entries: DirectoryEntry[]
  /** Where the next page begins; absent when this was the last. */
  readonly next?: number
}

/**
 * Reads directories page by page in bounded memory, however many entries they have. A directory stays open for a while,
 * so that the next page goes on where the last one ended; a page whose directory was closed meanwhile reads up to it again.
 */
export class Listings {
  readonly #source: FileSource
  readonly #most: number
  readonly #idleMs: number
  readonly #open = new Map<string, Listing>()

  constructor(source: FileSource, most: number, idleMs = 60_000) {
    this.#source = source
    this.#most = most
    this.#idleMs = idleMs
  }

  async page(volume: string, path: Buffer, from: number, limit: number): Promise<Page> {
    const key = (position: number) => `${position} ${volume}\0${path.toString("latin1")}`
    const listing = this.#take(key(from)) ?? (await this.#start(volume, path, from))
    try {
      await fill(listing, limit + 1)
    } catch (error) {
      close(listing)
      throw error
    }
    const entries = listing.rest.splice(0, limit)
    if (listing.rest.length === 0) {
      close(listing)
      return { entries }
    }
    this.#keep(key(from + limit), listing)
    return { entries, next: from + limit }
  }

  close(): void {
    for (const key of this.#open.keys()) this.#drop(key)
  }

  async #start(volume: string, path: Buffer, from: number): Promise<Listing> {
    const reader = await this.#source.open(volume)
    const listing: Listing = { reader, batches: reader.list(path)[Symbol.asyncIterator](), rest: [] }
    try {
      for (let left = from; left > 0;) {
        await fill(listing, 1)
        if (listing.rest.length === 0)
          throw new RecoveryError("UsageError", `${displayName(path)} has fewer entries than the cursor says.`)
        left -= listing.rest.splice(0, left).length
      }
      return listing
    } catch (error) {
      close(listing)
      throw error
    }
  }

  #take(key: string): Listing | undefined {
    const listing = this.#open.get(key)
    clearTimeout(listing?.timer)
    this.#open.delete(key)
    return listing
  }

  #keep(key: string, listing: Listing): void {
    this.#drop(key)
    const [oldest] = this.#open.keys()
    if (oldest !== undefined && this.#open.size >= this.#most) this.#drop(oldest)
    listing.timer = setTimeout(() => this.#drop(key), this.#idleMs).unref()
    this.#open.set(key, listing)
  }

  #drop(key: string): void {
    const listing = this.#take(key)
    if (listing) close(listing)
  }
}

/** Reads on until `count` entries are there, or the directory ends. */
async function fill(listing: Listing, count: number): Promise<void> {
  while (listing.rest.length < count) {
    const { done, value } = await listing.batches.next()
    if (done) return
    listing.rest.push(...value)
  }
}

function close({ batches, reader }: Listing): void {
  void Promise.resolve(batches.return?.())
    .catch(() => undefined) // the directory is of no more use; what went wrong was said to whom it concerned
    .finally(() => reader.release())
}
