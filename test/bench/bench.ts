/** What a bench was asked for, by the names of its options. */
export interface BenchOptions {
  /** How many sessions at once, one measurement after the other. */
  readonly sessions: readonly number[]
  /** How many disks at once, one measurement after the other. */
  readonly disks: readonly number[]
  /** How often each time is taken. */
  readonly rounds: number
  /** Size of the largest file, in MiB; the others go with it. */
  readonly sizeMiB: number
  /** Which parts of a bench; all when it is empty. */
  readonly only: readonly string[]
  /** Of what there are many rows: those whose names have these words. */
  readonly rows: string
}

/** What was measured. */
export interface Outcome {
  /** For people. */
  readonly tables: readonly string[]
  /** For programs: the same and more. */
  readonly figures: object
  /** What is not as it should be, in words; empty when all is well. */
  readonly deviations: readonly string[]
}

/** Something whose speed or cost is measured on the real thing. Never a test: a shared machine is slow when it likes. */
export interface Bench {
  readonly about: string
  run(options: BenchOptions): Promise<Outcome>
}
