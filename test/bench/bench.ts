import type { Cluster } from "../support/cluster.ts"

/** What a bench was asked for, by the names of its options. */
export interface BenchOptions {
  /** How many sessions at once, one measurement after the other. */
  readonly sessions: readonly number[]
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

/** Something whose speed or cost is measured on the real cluster. Never a test: a shared machine is slow when it likes. */
export interface Bench {
  readonly about: string
  run(cluster: Cluster, options: BenchOptions): Promise<Outcome>
}
