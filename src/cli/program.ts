import { Command, CommanderError, Help, type Option } from "commander"
import { reasonOf, reasons, RecoveryError } from "../api/reasons.ts"
import { addAudit } from "./audit.ts"
import { addBrowse } from "./browse.ts"
import { addCat } from "./cat.ts"
import { addCp } from "./cp.ts"
import { addCreate } from "./create.ts"
import { addCompletion, answerShell } from "./completion.ts"
import type { Context } from "./context.ts"
import { addDiff } from "./diff.ts"
import { addDescribe } from "./describe.ts"
import { exitCodeOf, exitCodes, exitHelp } from "./exit-code.ts"
import { addExtend } from "./extend.ts"
import { addFind } from "./find.ts"
import { addGet } from "./get.ts"
import { addLs } from "./ls.ts"
import { addOpen } from "./open.ts"
import { OutputClosed } from "./output.ts"
import { addPoints } from "./points.ts"
import { printable } from "./printable.ts"
import { addSftp } from "./sftp.ts"
import { addSha256 } from "./sha256.ts"
import { addTar } from "./tar.ts"
import { addTree } from "./tree.ts"
import { addUnmount } from "./unmount.ts"
import { addVolumes } from "./volumes.ts"

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
  if (args[0] === "__complete") return answerShell(makeProgram(context, []), args.slice(1), context)
  const dashes = args.indexOf("--")
  const isOpen = args[0] === "open" && dashes !== -1
  const verb = isOpen ? args.slice(dashes + 1) : []
  if (isOpen && verb.length === 0) throw new RecoveryError("UsageError", "Name a verb after --, for instance: -- ls /.")
  await makeProgram(context, verb).parseAsync(isOpen ? args.slice(0, dashes) : [...args], { from: "user" })
}

/** All verbs; `verb` is what stands behind `--` of `open`. */
export function makeProgram(context: Context, verb: readonly string[]): Command {
  const { out, err } = context.streams
  const program = new Command("kubectl-recover")
    .description("Recover files from snapshots of volumes, and from disk images.")
    .addHelpText("after", exitHelp)
    .exitOverride()
    .configureHelp({ optionDescription })
    .configureOutput({ writeOut: (text) => void out.write(text), writeErr: (text) => void err.write(text) })
  program.commandsGroup("Sessions:")
  for (const add of [addPoints, addCreate, addGet, addDescribe, addVolumes, addExtend, addUnmount])
    add(program, context)
  program.commandsGroup("Files:")
  for (const add of [addLs, addTree, addFind, addCat, addCp, addTar, addSha256, addDiff, addBrowse, addSftp])
    add(program, context)
  program.commandsGroup("Other:")
  addOpen(program, context, verb, (args, defaultSession) => run(args, { ...context, defaultSession }))
  addAudit(program, context)
  addCompletion(program, context)
  return program
}

const usualHelp = new Help()

/** That a flag which may come several times is at first given no time needn't be said. */
function optionDescription(option: Option): string {
  return Array.isArray(option.defaultValue) ? option.description : usualHelp.optionDescription(option)
}

function tell(error: unknown): string {
  const code = reasonOf(error)
  const words = error instanceof Error ? error.message : String(error)
  const { cure } = reasons[code]
  return `error: ${printable(words)} (${code})\n${cure === "" ? "" : `${cure}\n`}`
}
