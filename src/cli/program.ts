import { Command, CommanderError } from "commander"
import { reasonOf, reasons, RecoveryError } from "../api/reasons.ts"
import { addBrowse } from "./browse.ts"
import { addCp } from "./cp.ts"
import { addCreate } from "./create.ts"
import type { Context } from "./context.ts"
import { exitCodeOf, exitCodes, exitHelp } from "./exit-code.ts"
import { addGet } from "./get.ts"
import { addLs } from "./ls.ts"
import { addOpen } from "./open.ts"
import { OutputClosed } from "./output.ts"
import { printable } from "./printable.ts"
import { addTar } from "./tar.ts"
import { addUnmount } from "./unmount.ts"

/** Runs one command line and answers its exit code. Failures are told on stderr: what happened, its code, what to do. */
export async function runCli(args: readonly string[], context: Context): Promise<number> {
  try {
    await run(args, context)
    return exitCodes.ok
  } catch (error) {
    // --help and --version end this way, too
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    if (error instanceof OutputClosed) return exitCodes.outputClosed
    const failure = context.signal.aborted ? new RecoveryError("Interrupted", "Interrupted.") : error
    context.streams.err.write(tell(failure))
    return exitCodeOf(failure)
  }
}

async function run(args: readonly string[], context: Context): Promise<void> {
  const dashes = args.indexOf("--")
  const isOpen = args[0] === "open" && dashes !== -1
  const verb = isOpen ? args.slice(dashes + 1) : []
  if (isOpen && verb.length === 0) throw new RecoveryError("UsageError", "Name a verb after --, for instance: -- ls /.")
  await makeProgram(context, verb).parseAsync(isOpen ? args.slice(0, dashes) : [...args], { from: "user" })
}

function makeProgram(context: Context, verb: readonly string[]): Command {
  const { out, err } = context.streams
  const program = new Command("kubectl-recover")
    .description("Recover files from snapshots of volumes, and from disk images.")
    .addHelpText("after", exitHelp)
    .exitOverride()
    .configureOutput({ writeOut: (text) => void out.write(text), writeErr: (text) => void err.write(text) })
  addCreate(program, context)
  addGet(program, context)
  addLs(program, context)
  addCp(program, context)
  addTar(program, context)
  addBrowse(program, context)
  addUnmount(program, context)
  addOpen(program, context, verb, (args, defaultSession) => run(args, { ...context, defaultSession }))
  return program
}

function tell(error: unknown): string {
  const code = reasonOf(error)
  const words = error instanceof Error ? error.message : String(error)
  const { cure } = reasons[code]
  return `error: ${printable(words)} (${code})\n${cure === "" ? "" : `${cure}\n`}`
}
