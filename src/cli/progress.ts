import { humanBytes } from "../api/bytes.ts"
import type { Streams } from "./output.ts"
import { humanAge } from "./table.ts"

/** How often the line on a terminal, and the lines elsewhere, are written (milliseconds). */
const terminalMs = 200
const plainMs = 10_000

/** Says on stderr how far a copy is: one line that changes on a terminal, a line now and then elsewhere, or nothing. */
export class Progress {
  readonly #streams: Streams
  readonly #quiet: boolean
  readonly #label: string
  readonly #now: () => number
  readonly #started: number
  readonly #every: number
  #shown: number
  #files = 0
  #bytes = 0
  #total: number | undefined
  /** Bytes that were there before. */
  #before = 0

  /** `now`: milliseconds of a clock that only goes forward. */
  constructor(streams: Streams, label: string, quiet: boolean, now: () => number = () => performance.now()) {
    this.#streams = streams
    this.#label = label
    this.#quiet = quiet
    this.#now = now
    this.#started = this.#shown = now()
    this.#every = streams.errIsTerminal ? terminalMs : plainMs
  }

  /** Bytes to come in all, when that is known. */
  expect(bytes: number): void {
    this.#total = (this.#total ?? 0) + bytes
  }

  /** Bytes of those expected that are there already. */
  skip(bytes: number): void {
    this.#bytes += bytes
    this.#before += bytes
  }

  add({ files = 0, bytes = 0 }: { files?: number; bytes?: number }): void {
    this.#files += files
    this.#bytes += bytes
    const now = this.#now()
    if (this.#quiet || now - this.#shown < this.#every) return
    this.#shown = now
    const total = this.#total === undefined ? "" : ` of ${humanBytes(this.#total)}`
    this.#write(`${this.#label}: ${humanBytes(this.#bytes)}${total}, ${this.#rate()}${this.#left()}`)
  }

  /** The last word: how much, how fast. */
  done(): void {
    if (this.#quiet) return
    const files = this.#files === 1 ? "1 file" : `${this.#files} files`
    this.#write(`${this.#label}: ${files}, ${humanBytes(this.#bytes)}, ${this.#rate()}`)
    if (this.#streams.errIsTerminal) this.#streams.err.write("\n")
  }

  /** Something that happened on the way. */
  say(text: string): void {
    if (this.#quiet) return
    this.clear()
    this.#streams.err.write(`${text}\n`)
  }

  /** Leaves the line, so that something else can be said. */
  clear(): void {
    if (!this.#quiet && this.#streams.errIsTerminal) this.#streams.err.write("\r\x1b[K")
  }

  #rate(): string {
    return `${(this.#perSecond() / 1e6).toFixed(1)} MB/s`
  }

  /** How long it will still take, once that can be told. */
  #left(): string {
    const seconds = (this.#now() - this.#started) / 1000
    const perSecond = this.#perSecond()
    if (this.#total === undefined || this.#total <= this.#bytes || perSecond === 0 || seconds < 2) return ""
    return `, ${humanAge(((this.#total - this.#bytes) / perSecond) * 1000)} left`
  }

  #perSecond(): number {
    const seconds = Math.max(0.001, (this.#now() - this.#started) / 1000)
    return (this.#bytes - this.#before) / seconds
  }

  #write(text: string): void {
    this.#streams.err.write(this.#streams.errIsTerminal ? `\r${text}\x1b[K` : `${text}\n`)
  }
}
