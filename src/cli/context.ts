import type { Command } from "commander"
import { RecoveryError } from "../api/reasons.ts"
import type { ClusterFlags } from "./client/cluster.ts"
import type { OutputFormat, Streams } from "./output.ts"

/** What every verb is given by the program around it. */
export interface Context {
  readonly streams: Streams
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
  /** The session that paths without one mean; set within `open IMAGE -- VERB`. */
  readonly defaultSession?: string
}

/** Flags of verbs that talk to a cluster. */
export function withClusterFlags(command: Command): Command {
  return command
    .option("--kubeconfig <file>", "kubeconfig to use")
    .option("--context <name>", "context of the kubeconfig")
    .option("-n, --namespace <name>", "namespace of the session")
    .option("--request-timeout <duration>", "longest wait for one answer of the API server, e.g. 30s")
}

export interface CommonFlags extends ClusterFlags {
  readonly output?: OutputFormat
  readonly quiet?: boolean
}

/** For flags that may be given several times. */
export const collect = (value: string, before: string[]): string[] => [...before, value]

export function notFormat(wanted: string, allowed: readonly string[]): RecoveryError {
  return new RecoveryError("UsageError", `-o ${wanted} is not known here; use one of ${allowed.join(", ")}.`)
}
