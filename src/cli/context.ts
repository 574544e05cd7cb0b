import type { Command } from "commander"
import { RecoveryError } from "../api/reasons.ts"
import type { ClusterFlags } from "./client/cluster.ts"
import type { Streams } from "./output.ts"

/** What every verb is given by the program around it. */
export interface Context {
  readonly streams: Streams
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
  /**
   * Lends the terminal to a program that is started and waited for: until the answer is disposed of, Ctrl-C is for that alone.
   * Absent where there is none to lend.
   */
  readonly lendTerminal?: () => Disposable
  /** The session that paths without one mean; set within `open IMAGE -- VERB`. */
  readonly defaultSession?: string
  /** Makes that session, where it is one of this call's own; asked for when something is first read, so after all that can be wrong with the usage. */
  readonly openDefault?: () => Promise<void>
}

/** Flags of verbs that talk to a cluster. */
export function withClusterFlags(command: Command): Command {
  return command
    .optionsGroup("Cluster:")
    .option("--kubeconfig <file>", "kubeconfig to use")
    .option("--context <name>", "context of the kubeconfig")
    .option("-n, --namespace <name>", "namespace of the session")
    .option("--request-timeout <duration>", "longest wait for one answer of the API server, e.g. 30s")
}

export interface CommonFlags extends ClusterFlags {
  readonly output?: string
  readonly quiet?: boolean
}

/** For flags that may be given several times. */
export const collect = (value: string, before: string[]): string[] => [...before, value]

/** What `-o` asks for, undefined when it isn't given. Throws UsageError for a format this verb doesn't have. */
export function formatOf<F extends string>(wanted: string | undefined, allowed: readonly F[]): F | undefined {
  const format = allowed.find((one) => one === wanted)
  if (wanted === undefined || format !== undefined) return format
  throw new RecoveryError("UsageError", `-o ${wanted} is not known here; use one of ${allowed.join(", ")}.`)
}

/** The examples below a verb's --help. */
export const examples = (...lines: string[]) => `\nExamples:\n${lines.map((line) => `  ${line}\n`).join("")}`
