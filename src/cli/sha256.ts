import { createReadStream } from "node:fs"
import { basename, dirname } from "node:path"
import type { Command } from "commander"
import { RecoveryError } from "../api/reasons.ts"
import { manifestLine, parseManifestLine } from "../files/manifest-line.ts"
import { displayName, percentEncode } from "../files/names.ts"
import { pathComponents } from "../files/path.ts"
import type { FilesClient } from "../client/files-client.ts"
import type { HashProgress } from "../client/hashes.ts"
import { linesOf } from "../client/lines.ts"
import { OpenFiles } from "./client/open-files.ts"
import { type Context, examples, formatOf, withClusterFlags } from "./context.ts"
import { writePartFile } from "../extract/part-file.ts"
import { JsonArray } from "./json-array.ts"
import { inOneShot } from "./one-shot/one-shot.ts"
import { type OneShotFlags, oneShotHelp, withOneShotFlags } from "./one-shot/flags.ts"
import { print } from "./output.ts"
import { printable } from "./printable.ts"
import { Progress } from "./progress.ts"
import { parseRemotePath, pathHelp, placeOf, type RemotePath } from "./remote-path.ts"

interface Sha256Flags extends OneShotFlags {
  readonly file?: string
  readonly check?: string
}

const help = `${examples(
  "kubectl-recover sha256 orders:/vg0-data -f manifest      of every file, to keep as evidence",
  "kubectl-recover sha256 orders:/vg0-data/orders/2026-11.db",
  "kubectl-recover sha256 --check manifest orders:/vg0-data",
  "cd DEST && sha256sum -c manifest                         of what tar unpacked there",
)}
Names are relative to the volume, lines are as sha256sum writes them. Links, devices and pipes have none.
${oneShotHelp}`

/** `sha256 SESSION:/VOLUME/PATH...`: hashes of files and of all below directories; or whether they still are as a manifest says. */
export function addSha256(program: Command, context: Context): void {
  const command = program
    .command("sha256")
    .description("print a manifest of SHA-256 sums, or compare with one")
    .argument("<places...>", "SESSION:/VOLUME/PATH, one or more; with --check one volume")
    .option("-f, --file <file>", "write to this file, which appears when it is complete; - is stdout")
    .option("--check <manifest>", "compare with a manifest; a difference is exit code 6")
    .option("-o, --output <format>", "json: one array of {volume, name, sha256}, names percent-encoded")
    .option("-q, --quiet", "no progress; with --check only what differs")
    .addHelpText("after", help + pathHelp)
    .action((places: string[], flags: Sha256Flags) =>
      inOneShot(flags, context, (context) => sha256(places, flags, context)),
    )
  withClusterFlags(withOneShotFlags(command))
}

async function sha256(places: readonly string[], flags: Sha256Flags, context: Context): Promise<void> {
  const isJson = formatOf(flags.output, ["json"]) !== undefined
  const sources = places.map((text) => parseRemotePath(text, context.defaultSession))
  using sessions = new OpenFiles(flags, context)
  if (flags.check !== undefined) return await check(flags.check, sources, sessions, flags, context)
  const file = flags.file === "-" ? undefined : flags.file
  if (isJson && file !== undefined) throw new RecoveryError("UsageError", "-f takes what sha256sum reads, not -o json.")
  const progress = new Progress(context.streams, "hashed", flags.quiet === true)
  if (isJson) return await printJson(sources, sessions, progress, context)
  const lines = manifest(sources, sessions, progress, context)
  if (file === undefined) await printLines(lines, progress, context)
  else {
    const metadata = { mode: 0o644, mtime: Date.now() / 1000 }
    await writePartFile(Buffer.from(dirname(file)), Buffer.from(basename(file)), lines, metadata)
  }
  progress.done()
}

async function* hashes(sources: readonly RemotePath[], sessions: OpenFiles, progress: Progress, { signal }: Context) {
  const told: HashProgress = (change) => progress.add(change)
  for (const source of sources) {
    const place = placeOf(source)
    const files = await sessions.of(source)
    for await (const file of files.sha256(place, { signal, progress: told })) yield { ...file, volume: place.volume }
  }
}

async function* manifest(...of: Parameters<typeof hashes>) {
  for await (const file of hashes(...of)) yield manifestLine(file)
}

async function printLines(lines: AsyncIterable<Buffer>, progress: Progress, { streams }: Context): Promise<void> {
  const { out, outIsTerminal } = streams
  for await (const line of lines) {
    if (outIsTerminal) progress.clear()
    // sha256sum escapes line ends only
    await print(out, outIsTerminal ? `${printable(line.subarray(0, -1))}\n` : line)
  }
}

async function printJson(
  sources: readonly RemotePath[],
  sessions: OpenFiles,
  progress: Progress,
  context: Context,
): Promise<void> {
  const array = new JsonArray(context.streams.out)
  for await (const { volume, name, sum } of hashes(sources, sessions, progress, context))
    await array.add({ volume, name: percentEncode(name, "/"), sha256: sum })
  await array.end()
}

/** `--check`: each line of the manifest, with the file it names asked for anew. */
async function check(
  path: string,
  sources: readonly RemotePath[],
  sessions: OpenFiles,
  flags: Sha256Flags,
  { streams, signal }: Context,
): Promise<void> {
  const [source, ...others] = sources
  if (!source || others.length > 0 || source.components.length > 0)
    throw new RecoveryError("UsageError", "With --check name one volume: the manifest's names are relative to it.")
  const { volume } = placeOf(source)
  const files = await sessions.of(source)
  const progress = new Progress(streams, "checked", flags.quiet === true)
  const told: HashProgress = (change) => progress.add(change)
  const counts = { all: 0, different: 0 }
  for await (const line of linesOf(manifestFile(path), { mayBeCut: true })) {
    const { sum, name } = parseManifestLine(line)
    const found = await sumOf(files, volume, name, { signal, progress: told })
    counts.all++
    if (found !== sum) counts.different++
    else if (flags.quiet) continue
    const verdict = found === sum ? "OK" : found === undefined ? "FAILED: it is not there" : "FAILED"
    progress.clear()
    await print(streams.out, `${displayName(name)}: ${verdict}\n`)
  }
  if (counts.all === 0) throw new RecoveryError("UsageError", `${path} holds no sums.`)
  if (counts.different > 0)
    throw new RecoveryError(
      "ContentDiffers",
      `${counts.different} of ${counts.all} files are not as the manifest says.`,
    )
}

async function sumOf(files: FilesClient, volume: string, name: Buffer, options: Parameters<FilesClient["sha256"]>[1]) {
  try {
    const components = pathComponents(Buffer.concat([Buffer.from("/"), name]))
    for await (const { sum } of files.sha256({ volume, components }, options)) return sum
  } catch (error) {
    if (!(error instanceof RecoveryError) || error.code !== "PathNotFound") throw error
  }
  return undefined
}

async function* manifestFile(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path === "-" ? "/dev/stdin" : path) as AsyncIterable<Buffer>
  } catch (cause) {
    throw new RecoveryError("UsageError", `The manifest can't be read: ${(cause as Error).message}`, { cause })
  }
}
