import type { Streams } from "./output.ts"

/** Says on stderr what is being waited for: a line for each new step, and on a terminal how long the last one takes. */
export class Steps {
  readonly #streams: Streams
  readonly #quiet: boolean
  readonly #started = performance.now()
  #told = ""

  constructor(streams: Streams, quiet: boolean) {
    this.#streams = streams
    this.#quiet = quiet
  }

  /** Where it stands now, said as often as you like. */
  at(step: string): void {
    if (this.#quiet) return
    const isNew = step !== this.#told
    const { err, errIsTerminal } = this.#streams
    const line = `[${this.#seconds()} s] ${step}`
    if (errIsTerminal) err.write(`${isNew && this.#told !== "" ? "\n" : ""}\r${fitting(line)}\x1b[K`)
    else if (isNew) err.write(`${line}\n`)
    this.#told = step
  }

  /** Leaves the line. */
  end(): void {
    if (!this.#quiet && this.#streams.errIsTerminal && this.#told !== "") this.#streams.err.write("\n")
    this.#told = ""
  }

  #seconds(): string {
    return ((performance.now() - this.#started) / 1000).toFixed(0).padStart(4)
  }
}

/** A line that is written again must not wrap. */
function fitting(line: string): string {
  const columns = process.stderr.columns ?? 80
  return line.length < columns ? line : `${line.slice(0, columns - 2)}…`
}
