import type { Command } from "commander"
import { basename, dirname } from "node:path"
import { RecoveryError } from "../api/reasons.ts"
import { type ArchiveFormat, archiveFormats } from "../files/queries.ts"
import { OpenFiles } from "./client/open-files.ts"
import { type Context, examples, withClusterFlags } from "./context.ts"
import { counted } from "./counted.ts"
import { writePartFile } from "../extract/part-file.ts"
import { inOneShot } from "./one-shot/one-shot.ts"
import { type OneShotFlags, oneShotHelp, withOneShotFlags } from "./one-shot/flags.ts"
import { print } from "./output.ts"
import { Progress } from "./progress.ts"
import { parseRemotePath, pathHelp, type RemotePath } from "./remote-path.ts"

interface TarFlags extends OneShotFlags {
  readonly format?: string
  readonly file?: string
}

const help = `${examples(
  "kubectl-recover tar orders:/vg0-data/orders -f orders.tar",
  "kubectl-recover tar orders:/vg0-data/a orders:/vg0-data/b -f both.zip",
  "kubectl-recover tar orders:/vg0-data/orders | tar --numeric-owner --acls --xattrs -xp -C /srv",
  "kubectl-recover tar --from pvc/data-orders-0 /disk-p1/etc -f etc.tar",
)}${oneShotHelp}`

/** `tar SESSION:/VOLUME/PATH...`: the archive as it is made, to stdout or a file. */
export function addTar(program: Command, context: Context): void {
  const command = program
    .command("tar")
    .description("write an archive (tar, with numeric owners, ACLs, extended attributes; or zip) to stdout or a file")
    .argument("<places...>", "SESSION:/VOLUME/PATH, one or more of one volume")
    .option("--format <format>", "tar, tar.zst or zip (default: as the file is called, else tar)")
    .option("-f, --file <file>", "write to this file, which appears when it is complete; - is stdout")
    .option("-q, --quiet", "no progress")
    .addHelpText("after", help + pathHelp)
    .action((places: string[], flags: TarFlags) => inOneShot(flags, context, (context) => tar(places, flags, context)))
  withClusterFlags(withOneShotFlags(command))
}

async function tar(places: readonly string[], flags: TarFlags, context: Context): Promise<void> {
  const { streams, signal } = context
  const { where, volume, paths } = inOneVolume(places.map((text) => parseRemotePath(text, context.defaultSession)))
  const file = flags.file === "-" ? undefined : flags.file
  const format = formatFor(file, flags.format)
  if (file === undefined && streams.outIsTerminal)
    throw new RecoveryError("UsageError", "An archive isn't written to a terminal: use -f FILE or a pipe.")
  using sessions = new OpenFiles(flags, context)
  const files = await sessions.of(where)
  const progress = new Progress(streams, "archive", flags.quiet === true)
  const [only] = paths
  // sessions whose pods are older have this one resource
  const isPlain = paths.length === 1 && format === "tar" && only !== undefined
  const body = isPlain
    ? await files.tar({ volume, components: only }, signal)
    : await files.archive(volume, paths, { format }, signal)
  const chunks = counted(body, (bytes) => progress.add({ bytes }))
  if (file === undefined) for await (const chunk of chunks) await print(streams.out, chunk)
  else {
    // it holds every file, also those others here mayn't read
    const metadata = { mode: 0o600, mtime: Date.now() / 1000 }
    await writePartFile(Buffer.from(dirname(file)), Buffer.from(basename(file)), chunks, metadata)
  }
  progress.add({ files: 1 })
  progress.done()
}

function inOneVolume(places: readonly RemotePath[]) {
  const [first, ...others] = places
  const { volume } = first ?? {}
  if (!first || volume === undefined)
    throw new RecoveryError("UsageError", "An archive is of one volume: name it, SESSION:/VOLUME.")
  const isSame = (one: RemotePath) =>
    one.volume === volume && one.session === first.session && one.namespace === first.namespace
  if (!others.every(isSame)) throw new RecoveryError("UsageError", "An archive is of one volume: make several.")
  return { where: first, volume, paths: places.map(({ components }) => components) }
}

function formatFor(file: string | undefined, wanted: string | undefined): ArchiveFormat {
  const byName = archiveFormats.find((format) => file?.endsWith(`.${format}`))
  const known = wanted === undefined ? (byName ?? "tar") : archiveFormats.find((format) => format === wanted)
  if (known) return known
  throw new RecoveryError("UsageError", `--format "${wanted}" is not known; use ${archiveFormats.join(", ")}.`)
}
