import { acquitted, blame, type Death, type Deed, type HowItEnded, type Verdict } from "./blame.ts"

/** So many guests are started in a session's life at most, whatever explains their ends. */
export const maxGuests = 16
/** Ends that nothing explains: a session outlives one. */
const maxUnexplained = 1

/** What became of a session's guests, one after the other; in memory, as long as the session lives. */
export class History {
  #deaths: readonly Death[] = []
  readonly #late = new Map<string, string>()
  #guests = 0
  #ends = 0

  /** How many guests have ended, and were told of. */
  get ends(): number {
    return this.#ends
  }

  /** What follows for the next guest. */
  get verdict(): Verdict {
    const verdict = blame(this.#deaths)
    return { ...verdict, volumes: new Map([...verdict.volumes, ...this.#late]) }
  }

  /** Why no other guest is started, if none is. */
  get hopeless(): string | undefined {
    if (this.#guests >= maxGuests) return `${maxGuests} micro-VMs were started and all ended; the log says how.`
    const ends = this.verdict.unexplained
    return ends > maxUnexplained ? "The micro-VM ended twice, and no volume explains it; the log says how." : undefined
  }

  /** Leaves out a volume with which the guest does not get to an end, from the next guest on. */
  late(volume: string, why: string): void {
    this.#late.set(volume, why)
  }

  /** Another guest is started. */
  guest(): UnderWay {
    this.#guests++
    return new UnderWay((death) => {
      this.#ends++
      this.#deaths = death === undefined ? acquitted(this.#deaths) : [...this.#deaths, death]
    })
  }
}

/** What is under way in one guest. */
export class UnderWay {
  readonly #deeds = new Set<Deed>()
  readonly #tell: (death?: Death) => void
  #over = false
  /** What a device of this guest is called in deeds. */
  anchorOf: (device: string) => string = (device) => device

  constructor(tell: (death?: Death) => void) {
    this.#tell = tell
  }

  /** Something begins; what is returned says that it has ended. What never does was under way when the guest ended. */
  begin(deed: Deed): () => void {
    const entry = { ...deed } // the same may be under way several times
    this.#deeds.add(entry)
    return () => void this.#deeds.delete(entry)
  }

  /** The guest has ended unasked. The first word counts. */
  died(how: HowItEnded): void {
    if (!this.#over) this.#tell({ how, underWay: [...this.#deeds] })
    this.#over = true
  }

  /** However it ends, that says nothing of the disks: it has seen none. */
  forgotten(): void {
    this.#over = true
  }

  /** All disks that were on trial have been looked at, and the guest is ended on purpose. */
  over(): void {
    if (!this.#over) this.#tell()
    this.#over = true
  }
}
