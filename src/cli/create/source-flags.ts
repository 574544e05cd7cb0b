import type { Command } from "commander"
import { collect } from "../context.ts"
import { journalOf } from "../journal.ts"
import { timeHelp } from "../time-flag.ts"

/** Flags that say what a session is of; `SessionFlags` holds them. */
export function withSourceFlags(command: Command): Command {
  return command
    .option("--from <source>", "pvc/NAME or snapshot/NAME; again for each disk", collect, [])
    .option(
      "--at <time>",
      `newest recovery point at or before this time, ${timeHelp}; again: several side by side`,
      collect,
      [],
    )
    .option(
      "--recovery-point <name>",
      "the one this VolumeSnapshot belongs to; again: several side by side",
      collect,
      [],
    )
    .option("--storage-class <name>", "StorageClass of the clones")
    .option("--unlock-secret <name/key>", "a Secret's key to open encrypted volumes with; again for more", collect, [])
    .option("--journal <replay|skip>", "what becomes of journals that were not written back", journalOf)
}
