import type { Command } from "commander"
import { RecoveryError } from "../api/reasons.ts"
import { OpenFiles } from "./client/open-files.ts"
import { type Context, examples, withClusterFlags } from "./context.ts"
import { download } from "../client/download.ts"
import { inOneShot } from "./one-shot/one-shot.ts"
import { type OneShotFlags, oneShotHelp, withOneShotFlags } from "./one-shot/flags.ts"
import { OutputClosed, print } from "./output.ts"
import { printable } from "./printable.ts"
import { parseRemotePath, pathHelp, placeOf, type RemotePath, showRemotePath } from "./remote-path.ts"
import { terminalText } from "./terminal-text.ts"

interface CatFlags extends OneShotFlags {
  readonly force?: boolean
}

const help = `${examples(
  "kubectl-recover cat orders:/vg0-data/etc/fstab",
  "kubectl-recover cat orders:/vg0-data/orders/2026-11.db > 2026-11.db",
  "kubectl-recover cat --from pvc/data-orders-0 --at 3h-ago /disk-p1/etc/hosts",
)}
To a terminal only text is written, its control characters as \\xNN; elsewhere every byte as it is.
${oneShotHelp}`

/** `cat SESSION:/PATH...`: files to stdout, one after the other. */
export function addCat(program: Command, context: Context): void {
  const command = program
    .command("cat")
    .description("write files to stdout")
    .argument("<places...>", "SESSION:/VOLUME/PATH, one or more")
    .option("--force", "bytes as they are, to a terminal as well")
    .option("-q, --quiet", "no progress")
    .addHelpText("after", help + pathHelp)
    .action((places: string[], flags: CatFlags) => inOneShot(flags, context, (context) => cat(places, flags, context)))
  withClusterFlags(withOneShotFlags(command))
}

async function cat(places: readonly string[], flags: CatFlags, context: Context): Promise<void> {
  const sources = places.map((text) => parseRemotePath(text, context.defaultSession))
  using sessions = new OpenFiles(flags, context)
  let failed = 0
  for (const source of sources)
    try {
      await catOne(source, sessions, flags, context)
    } catch (error) {
      const isOnly = sources.length === 1 || context.signal.aborted
      if (isOnly || error instanceof OutputClosed || !(error instanceof RecoveryError)) throw error
      failed++
      context.streams.err.write(`${showRemotePath(source)}: ${printable(error.message)}\n`)
    }
  if (failed > 0) throw new RecoveryError("CopyIncomplete", `${failed} of ${sources.length} files could not be read.`)
}

async function catOne(source: RemotePath, sessions: OpenFiles, flags: CatFlags, { streams, signal }: Context) {
  const place = placeOf(source)
  const files = await sessions.of(source)
  const content = await files.content(place, { start: 0 }, signal)
  const bytes = download(files, place, content, signal)
  const isSafe = flags.force === true || !streams.outIsTerminal
  for await (const chunk of isSafe ? bytes : terminalText(bytes, showRemotePath(source)))
    await print(streams.out, chunk)
}
