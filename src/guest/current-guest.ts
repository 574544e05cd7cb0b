import { RecoveryError } from "../api/reasons.ts"
import type { FileSource, FoundFile, TarOptions, Wanted } from "../files/source.ts"
import type { Catalogue } from "./catalogue.ts"
import type { Guest } from "./guest.ts"

/** The files of whichever guest is there now. While none is, what the last one found is still told. */
export class CurrentGuest implements FileSource {
  #guest: Guest | undefined
  #ready = false
  /** The guest that is on its way gets too little CPU. */
  shortOfCpu = false

  get ready(): boolean {
    return this.#ready
  }

  came(guest: Guest): void {
    this.#guest = guest
    this.#ready = true
    this.shortOfCpu = false
  }

  left(): void {
    this.#ready = false
  }

  catalogue(): Catalogue {
    return this.#guest?.catalogue() ?? { disks: [], volumes: [] }
  }

  async open(volume: string) {
    return this.#present().open(volume)
  }

  tar(volume: string, paths: readonly Buffer[], options: TarOptions): AsyncIterable<Buffer> {
    return this.#present().tar(volume, paths, options)
  }

  search(volume: string, path: Buffer, wanted: Wanted, options: { signal: AbortSignal }): AsyncIterable<FoundFile[]> {
    return this.#present().search(volume, path, wanted, options)
  }

  #present(): Guest {
    if (this.#guest !== undefined && this.#ready) return this.#guest
    throw new RecoveryError("NotReady", "The volumes are being mounted again; try again in a minute.")
  }
}
