import type { Command } from "commander"
import { RecoveryError } from "../api/reasons.ts"
import { percentDecode } from "../files/names.ts"
import { splitPath } from "../files/path.ts"
import type { Entry, SearchLine } from "../files/schemas.ts"
import { OpenFiles } from "./client/open-files.ts"
import { collect, type Context, examples, formatOf, withClusterFlags } from "./context.ts"
import { searchOf, type Wanted } from "./find/query.ts"
import { JsonArray } from "./json-array.ts"
import { longLine } from "./listing.ts"
import { inOneShot } from "./one-shot/one-shot.ts"
import { type OneShotFlags, oneShotHelp, withOneShotFlags } from "./one-shot/flags.ts"
import { print } from "./output.ts"
import { complaint } from "./printable.ts"
import { parseRemotePath, pathHelp, type RemotePath, showRemotePath } from "./remote-path.ts"
import { timeHelp } from "./time-flag.ts"

interface FindFlags extends OneShotFlags, Wanted {
  readonly long?: boolean
  readonly print0?: boolean
}

const help = `${examples(
  "kubectl-recover find orders:/ --name '2026-11*'                 in all volumes",
  "kubectl-recover find orders:/vg0-data/srv --type f --min-size 100M -l",
  "kubectl-recover find orders:/ --iname '*.pdf' --newer 3d-ago -o json",
  "kubectl-recover find --from pvc/data-orders-0 / --name id_rsa",
)}
Globs are of the last part of a path: * ? [a-z] and \\ before a character. What is found is told at once, as a place that
other verbs take. Where not everything could be searched stderr says what, and the exit code is not 0.
${oneShotHelp}`

/** `find SESSION:/...`: files by name, type, size and time, told as they are found. */
export function addFind(program: Command, context: Context): void {
  const command = program
    .command("find")
    .description("find files by name, type, size and time, in all volumes or below a directory")
    .argument("<place>", "SESSION:/ for all volumes, or SESSION:/VOLUME/PATH")
    .option("--name <glob>", "only names like this, e.g. '*.db'")
    .option("--iname <glob>", "the same, upper or lower case")
    .option("--type <type>", "file, directory, symlink ... or f, d, l; again for more", collect, [])
    .option("--min-size <size>", "not smaller, e.g. 10M")
    .option("--max-size <size>", "not larger")
    .option("--newer <time>", `changed then or later, ${timeHelp}`)
    .option("--older <time>", "changed before then")
    .option("--most <n>", "stop after so many")
    .option("-l, --long", "type, mode, numeric owner, size, time and link target")
    .option("-0, --print0", "paths as they are (/VOLUME/PATH), each followed by a NUL byte")
    .option("-o, --output <format>", "json: one array, while it is searched")
    .option("-q, --quiet", "no progress")
    .addHelpText("after", help + pathHelp)
    .action((place: string, flags: FindFlags) => inOneShot(flags, context, (context) => find(place, flags, context)))
  withClusterFlags(withOneShotFlags(command))
}

async function find(text: string, flags: FindFlags, context: Context): Promise<void> {
  const { streams, signal, defaultSession } = context
  const isJson = formatOf(flags.output, ["json"]) !== undefined
  const query = searchOf(flags, Date.now())
  const place = parseRemotePath(text, defaultSession)
  const { volume, components } = place
  using sessions = new OpenFiles(flags, context)
  const files = await sessions.of(place)
  const array = new JsonArray(streams.out)
  const volumes = volume === undefined ? [] : [volume]
  let end: Extract<SearchLine, { event: "end" }> | undefined
  let problem: RecoveryError | undefined
  for await (const line of files.search({ ...query, volumes, components }, signal)) {
    if (line.event === "problem") {
      problem ??= new RecoveryError(line.code, line.message)
      streams.err.write(complaint(Buffer.from(`/${line.volume}`), line.message))
    }
    if (line.event === "end") end = line
    if (line.event !== "match") continue
    const { event: _, ...match } = line
    if (isJson) await array.add(match)
    else await print(streams.out, wordsOf(match, place, flags))
  }
  if (isJson) await array.end()
  if (end?.truncated) streams.err.write(`Stopped after ${end.matches}; there may be more. See --most.\n`)
  if (end?.complete || end?.truncated) return
  throw (volume !== undefined && problem) || new RecoveryError("CopyIncomplete", "Not everything could be searched.")
}

function wordsOf(
  match: Entry & { volume: string; path: string },
  place: RemotePath,
  flags: FindFlags,
): string | Buffer {
  const components = splitPath(percentDecode(match.path))
  const { volume } = match
  if (flags.print0)
    return Buffer.concat(
      [`/${volume}`, ...components.flatMap((part) => ["/", part]), "\0"].map((part) => Buffer.from(part)),
    )
  const shown = showRemotePath({ ...place, volume, components })
  return flags.long ? longLine(match, shown) : `${shown}\n`
}
