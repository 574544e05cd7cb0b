import { RecoveryError, reasonOf } from "../api/reasons.ts"
import { maxPage } from "./limits.ts"
import { displayName } from "./names.ts"
import type { DirectoryEntry, FileSource, VolumeReader } from "./source.ts"
import type { View } from "./view.ts"

/** Entries of the largest directory that can be sorted: all of them are held then. */
const mostSorted = 100_000
/** Sorted directories being read, and kept for their next page: each may take 25 MiB. */
const sortedAtOnce = 2

interface Listing {
  readonly sorted: boolean
  readonly reader: VolumeReader
  readonly batches: AsyncIterator<DirectoryEntry[]>
  /** Entries read but not yet given out. */
  rest: DirectoryEntry[]
  /** Why there are no more behind those, though the directory has some. */
  failure?: RecoveryError
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
  #sorting = 0

  constructor(source: FileSource, most: number, idleMs = 60_000) {
    this.#source = source
    this.#most = most
    this.#idleMs = idleMs
  }

  /**
   * `from` counts what the view shows. Sorting needs all of a directory: UsageError when it has too many entries. Of a damaged
   * directory the pages have what can be read, and the next one fails with VolumeCorrupt.
   */
  async page(volume: string, path: Buffer, from: number, limit: number, view: View = all): Promise<Page> {
    const key = (position: number) => `${position} ${view.key} ${volume}\0${path.toString("latin1")}`
    const listing = this.#take(key(from)) ?? (await this.#start(volume, path, from, view))
    try {
      await fill(listing, limit + 1)
    } catch (error) {
      close(listing)
      throw error
    }
    const entries = listing.rest.splice(0, limit)
    if (listing.rest.length === 0 && listing.failure === undefined) {
      close(listing)
      return { entries }
    }
    const next = from + entries.length
    this.#keep(key(next), listing)
    return { entries, next }
  }

  close(): void {
    for (const key of this.#open.keys()) this.#drop(key)
  }

  async #start(volume: string, path: Buffer, from: number, view: View): Promise<Listing> {
    const reader = await this.#source.open(volume)
    const shown = filtered(reader.list(path), view)
    const batches = view.compare ? this.#inOrder(path, shown, view.compare) : shown
    const listing: Listing = { sorted: view.compare !== undefined, reader, batches, rest: [] }
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
    const rivals = [...this.#open].filter(([, other]) => other.sorted || !listing.sorted)
    const [oldest] = rivals
    if (oldest && rivals.length >= (listing.sorted ? sortedAtOnce : this.#most)) this.#drop(oldest[0])
    listing.timer = setTimeout(() => this.#drop(key), this.#idleMs).unref()
    this.#open.set(key, listing)
  }

  async *#inOrder(
    path: Buffer,
    batches: AsyncIterable<DirectoryEntry[]>,
    compare: NonNullable<View["compare"]>,
  ): AsyncGenerator<DirectoryEntry[]> {
    if (this.#sorting >= sortedAtOnce) throw new RecoveryError("Busy", "Other directories are being sorted already.")
    const entries: DirectoryEntry[] = []
    let failure: unknown
    this.#sorting++
    try {
      for await (const batch of batches) {
        entries.push(...batch)
        if (entries.length > mostSorted)
          throw new RecoveryError(
            "UsageError",
            `${displayName(path)} has more than ${mostSorted} entries: it can only be listed unsorted.`,
          )
      }
    } catch (error) {
      if (!isDamage(error)) throw error
      failure = error
    } finally {
      this.#sorting--
    }
    entries.sort(compare)
    for (let at = 0; at < entries.length; at += maxPage) yield entries.slice(at, at + maxPage)
    if (failure !== undefined) throw failure
  }

  #drop(key: string): void {
    const listing = this.#take(key)
    if (listing) close(listing)
  }
}

const all: View = { key: "" }

async function* filtered(batches: AsyncIterable<DirectoryEntry[]>, { wanted }: View): AsyncGenerator<DirectoryEntry[]> {
  for await (const batch of batches) yield wanted ? batch.filter(wanted) : batch
}

/** Reads on until `count` entries are there, or the directory ends. Rejects when it can't be read on and nothing is left. */
async function fill(listing: Listing, count: number): Promise<void> {
  try {
    while (listing.rest.length < count && listing.failure === undefined) {
      const { done, value } = await listing.batches.next()
      if (done) return
      listing.rest.push(...value)
    }
  } catch (error) {
    if (!isDamage(error)) throw error
    listing.failure = error
  }
  if (listing.rest.length === 0 && listing.failure !== undefined) throw listing.failure
}

/** What is wrong is the directory: what it says up to there is worth having. */
function isDamage(error: unknown): error is RecoveryError {
  return reasonOf(error) === "VolumeCorrupt"
}

function close({ batches, reader }: Listing): void {
  void Promise.resolve(batches.return?.())
    .catch(() => undefined) // the directory is of no more use; what went wrong was said to whom it concerned
    .finally(() => reader.release())
}
