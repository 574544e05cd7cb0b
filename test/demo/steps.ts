/** Prints what is being done, what a person would type for it, and how long each step took. */
export class Steps {
  readonly #times: [string, number][] = []

  /** Runs one step under a heading. */
  async step<T>(what: string, work: () => Promise<T>): Promise<T> {
    console.log(`\n== ${what}`)
    const start = performance.now()
    const result = await work()
    const seconds = (performance.now() - start) / 1000
    this.#times.push([what, seconds])
    console.log(`   (${seconds.toFixed(1)} s)`)
    return result
  }

  /** Shows a command as a person would type it. */
  typed(command: string): void {
    console.log(`$ ${command}`)
  }

  /** Shows what a program answered, indented and cut. */
  answered(text: string, lines = 12): void {
    if (text.trim() === "") return
    const all = text.trimEnd().split("\n")
    for (const line of all.slice(0, lines)) console.log(`  ${line}`)
    if (all.length > lines) console.log(`  ... ${all.length - lines} more lines`)
  }

  /** The table of all steps. */
  table(): string {
    const rows = this.#times.map(([what, seconds]) => `${seconds.toFixed(1).padStart(8)} s  ${what}`)
    const total = this.#times.reduce((sum, [, seconds]) => sum + seconds, 0)
    return [...rows, `${total.toFixed(1).padStart(8)} s  in all`].join("\n")
  }
}
