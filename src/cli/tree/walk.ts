import { RecoveryError } from "../../api/reasons.ts"
import { displayName, percentDecode } from "../../files/names.ts"
import { joinPath } from "../../files/path.ts"
import type { Entry, Volumes } from "../../files/schemas.ts"
import type { FilesClient, Place } from "../../client/files-client.ts"
import { byName, shownName } from "../listing.ts"
import { printable } from "../printable.ts"

export interface TreeLimits {
  /** How many levels are shown. */
  readonly depth: number
  /** How many lines are drawn in all. */
  readonly most: number
  readonly onlyDirectories: boolean
}

/** A directory that is being drawn: what is still to come of it, and what stands before each of its lines. */
interface Level {
  readonly place: Place
  readonly rest: Entry[]
  readonly prefix: string
}

/**
 * Draws trees line by line, in the order of their names. In memory are the directories on the way to where it is, none
 * with more entries than lines may still be drawn. A directory that can't be read is reported, and the others go on.
 */
export class TreeWalk {
  directories = 0
  others = 0
  /** There was more than could be drawn. */
  isCut = false
  readonly #files: FilesClient
  readonly #limits: TreeLimits
  readonly #unread: (name: Buffer, why: string) => void

  constructor(files: FilesClient, limits: TreeLimits, unread: (name: Buffer, why: string) => void) {
    this.#files = files
    this.#limits = limits
    this.#unread = unread
  }

  /** Every volume as a directory; those that can't be read with the reason. */
  async *volumes(volumes: Volumes["volumes"]): AsyncGenerator<string> {
    for (const [at, { path, state, message }] of volumes.entries()) {
      if (this.#isFull()) return
      const [branch, below] = branches(at === volumes.length - 1)
      const isReadable = state === "Mounted" || state === "Available"
      this.directories++
      yield `${branch}${displayName(Buffer.from(path))}/${isReadable ? "" : `  [${printable(message ?? state)}]`}\n`
      if (isReadable && this.#limits.depth > 1)
        yield* this.#draw({ volume: path, components: [] }, below, this.#limits.depth - 1)
    }
  }

  /** Everything below a directory. Rejects when it is none. */
  async *below(place: Place): AsyncGenerator<string> {
    yield* this.#draw(place, "", this.#limits.depth)
  }

  async *#draw(top: Place, prefix: string, depth: number): AsyncGenerator<string> {
    const levels: Level[] = [{ place: top, rest: await this.#read(top, "top"), prefix }]
    for (let level = levels.at(-1); level; level = levels.at(-1)) {
      const entry = level.rest.pop()
      if (!entry) {
        levels.pop()
        continue
      }
      if (this.#isFull()) return
      const [branch, below] = branches(level.rest.length === 0)
      const isDirectory = entry.type === "directory"
      if (isDirectory) this.directories++
      else this.others++
      yield `${level.prefix}${branch}${shownName(entry)}${linkWords(entry)}\n`
      if (!isDirectory || levels.length >= depth) continue
      const { volume, components } = level.place
      const place = { volume, components: [...components, percentDecode(entry.name)] }
      levels.push({ place, rest: await this.#read(place, "inner"), prefix: level.prefix + below })
    }
  }

  /**
   * What is in a directory, the last first; no more of it than may be drawn. Where not all of it can be read that is reported;
   * where nothing of the top can be, that is an error.
   */
  async #read(place: Place, where: "top" | "inner"): Promise<Entry[]> {
    const entries: Entry[] = []
    const room = this.#limits.most - this.#drawn
    try {
      for await (const page of this.#files.list(place)) {
        entries.push(...(this.#limits.onlyDirectories ? page.filter(({ type }) => type === "directory") : page))
        if (entries.length > room) break
      }
    } catch (error) {
      if (!(error instanceof RecoveryError) || error.code === "Interrupted") throw error
      if (where === "top" && entries.length === 0) throw error
      this.#unread(joinPath([Buffer.from(place.volume), ...place.components]), error.message)
    }
    return entries
      .sort(byName)
      .slice(0, room + 1)
      .toReversed()
  }

  get #drawn(): number {
    return this.directories + this.others
  }

  #isFull(): boolean {
    this.isCut ||= this.#drawn >= this.#limits.most
    return this.isCut
  }
}

/** What stands before a name, and before all that is below it. */
function branches(isLast: boolean): [branch: string, below: string] {
  return isLast ? ["└── ", "    "] : ["├── ", "│   "]
}

function linkWords({ linkTarget }: Entry): string {
  return linkTarget === undefined ? "" : ` -> ${displayName(percentDecode(linkTarget))}`
}
