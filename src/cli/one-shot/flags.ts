import type { Command } from "commander"
import type { CommonFlags } from "../context.ts"
import type { SourceFlags } from "../create/new-session.ts"
import { withSourceFlags } from "../create/source-flags.ts"

/** Flags of verbs that can open a session of their own. */
export interface OneShotFlags extends CommonFlags, SourceFlags {
  readonly keep?: boolean
  readonly timeout: string
}

/** Adds `--from` and what goes with it, in a group of its own in --help. */
export function withOneShotFlags(command: Command): Command {
  return withSourceFlags(command.optionsGroup("In one go, with a session of its own; paths are then /VOLUME/PATH:"))
    .option("--keep", "leave that session open")
    .option("--timeout <duration>", "longest wait for it to be ready", "15m")
}

/** What --help says of it. */
export const oneShotHelp = `
With --from a session is created, used and unmounted again, also on Ctrl-C and after a failure; should this process be killed,
it ends after 10 minutes without a reader. Its object stays an hour, as a summary.`
