import { createReadStream } from "node:fs"
import type { Command } from "commander"
import { RecoveryError } from "../api/reasons.ts"
import { verifyAudit } from "../files/audit/verify.ts"
import { auditLines } from "./audit/lines.ts"
import { type CommonFlags, type Context, examples, formatOf, withClusterFlags } from "./context.ts"
import { linesOf } from "../client/lines.ts"
import { print, structured } from "./output.ts"
import { printable } from "./printable.ts"
import { table } from "./table.ts"

interface VerifyFlags extends CommonFlags {
  readonly partial?: boolean
}

const help = `${examples(
  "kubectl-recover audit show orders > orders.audit         the records, a line of JSON each",
  "kubectl-recover audit verify orders.audit",
  "kubectl logs POD -c files | kubectl-recover audit verify -",
)}
Records are in the log of the session's restore pod, which it takes the right to read. Each holds the hash of the one before:
verify tells whether one was changed, removed, added or moved (exit code 6). That the end was cut off only somebody can tell
who knows the last hash, HEAD.`

/** `audit show` and `audit verify`: who read what of a session, and whether somebody touched what says so. */
export function addAudit(program: Command, context: Context): void {
  const audit = program.command("audit").description("show who read what of a session, or check such records")
  audit.addHelpText("after", help)
  const show = audit
    .command("show")
    .description("print a session's audit records, a line of JSON each")
    .argument("<session>", "name of a FileRecoverySession, or NAMESPACE/NAME, or local")
    .action(async (name: string, flags: CommonFlags) => {
      for await (const line of auditLines(name, flags, context.signal)) await print(context.streams.out, `${line}\n`)
    })
  withClusterFlags(show)
  audit
    .command("verify")
    .description("check that no record was changed, removed, added or moved")
    .argument("<files...>", "records, or whole logs that hold them; - is stdin")
    .option("--partial", "the first records may be missing")
    .option("-o, --output <format>", "json or yaml")
    .option("-q, --quiet", "say nothing but failures")
    .action((files: string[], flags: VerifyFlags) => verify(files, flags, context))
}

async function verify(files: readonly string[], flags: VerifyFlags, { streams }: Context): Promise<void> {
  const output = formatOf(flags.output, ["json", "yaml"])
  const lines: string[] = []
  for (const file of files) for await (const line of textLines(file)) lines.push(line)
  const verdict = verifyAudit(lines, { partial: flags.partial === true })
  if (output) await print(streams.out, structured(output, verdict))
  else if (!flags.quiet && verdict.chains.length > 0) {
    const rows = verdict.chains.map(({ session, chain, records, from, to, stopped, head }) =>
      [session, chain, String(records), from, to, stopped ? "yes" : "no", head].map(printable),
    )
    await print(streams.out, table(["SESSION", "CHAIN", "RECORDS", "FROM", "TO", "ENDED", "HEAD"], rows))
  }
  if (!output)
    for (const { line, message } of verdict.faults) streams.err.write(`line ${line}: ${printable(message)}\n`)
  if (!verdict.intact)
    throw new RecoveryError("ContentDiffers", `The audit is not intact: ${verdict.faults.length} faults.`)
  if (verdict.chains.length === 0) throw new RecoveryError("UsageError", "There is no audit record in it.")
}

async function* textLines(file: string): AsyncGenerator<string> {
  try {
    const bytes = createReadStream(file === "-" ? "/dev/stdin" : file) as AsyncIterable<Buffer>
    for await (const line of linesOf(bytes, { mayBeCut: true })) yield line.toString()
  } catch (cause) {
    if (cause instanceof RecoveryError) throw cause
    throw new RecoveryError("UsageError", `${file} can't be read: ${(cause as Error).message}`, { cause })
  }
}
