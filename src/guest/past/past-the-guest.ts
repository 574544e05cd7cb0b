import type { NamedDisk } from "../../block/device.ts"

/** Files that are read past the guest at the same time; each has `maxReads` pieces in memory. More are read through it. */
const maxFiles = 16

/** What was read past the guest in a session, for its usage. */
export interface PastCounts {
  readonly files: number
  readonly bytes: number
  /** Volumes on which both ways gave different bytes. */
  readonly differences: number
}

/**
 * The session's disks as this process reads them itself, and what was read of them past whichever guest there was: it
 * outlives guests.
 */
export class PastTheGuest {
  readonly #disks: ReadonlyMap<string, NamedDisk["device"]>
  #underWay = 0
  #files = 0
  #bytes = 0
  #differences = 0

  constructor(disks: readonly NamedDisk[]) {
    this.#disks = new Map(disks.map(({ serial, device }) => [serial, device]))
  }

  get counts(): PastCounts {
    return { files: this.#files, bytes: this.#bytes, differences: this.#differences }
  }

  disk(serial: string): NamedDisk["device"] | undefined {
    return this.#disks.get(serial)
  }

  /** A place for a file to be read, or undefined when all are taken; what is returned gives it back. */
  enter(): (() => void) | undefined {
    if (this.#underWay >= maxFiles) return undefined
    this.#underWay++
    return () => void this.#underWay--
  }

  /** A file begins to be read so. */
  began(): void {
    this.#files++
  }

  read(bytes: number): void {
    this.#bytes += bytes
  }

  differed(): void {
    this.#differences++
  }
}

/** The counts of all of them. */
export function totalOf(all: readonly PastTheGuest[]): PastCounts {
  const sum = (what: keyof PastCounts) => all.reduce((total, { counts }) => total + counts[what], 0)
  return { files: sum("files"), bytes: sum("bytes"), differences: sum("differences") }
}
