import type { Command } from "commander"
import { RecoveryError } from "../api/reasons.ts"
import type { FilesClient, Place } from "../client/files-client.ts"
import { sessionFiles } from "./client/session-files.ts"
import { type CommonFlags, type Context, withClusterFlags } from "./context.ts"
import { copyFile, type CopyOptions, copyTree } from "./copy/copy.ts"
import { chooseDestination } from "./copy/destination.ts"
import { download } from "../client/download.ts"
import { print } from "./output.ts"
import { printable } from "./printable.ts"
import { Progress } from "./progress.ts"
import { parseRemotePath, pathHelp, type RemotePath, showRemotePath } from "./remote-path.ts"

interface CpFlags extends CommonFlags {
  readonly recursive?: boolean
  readonly preserveSpecial?: boolean
}

const help = `
Modes and times are kept; owners are not, nor are ACLs and extended attributes: take a tar for those. Nothing is written
outside of DEST nor through a symbolic link. A file appears under its name when it is complete.`

/** `cp SESSION:/PATH... DEST`: files, and directories with -r, to this machine. */
export function addCp(program: Command, context: Context): void {
  const command = program
    .command("cp")
    .description("copy files, and directories with -r, to this machine")
    .argument("<places...>", "SESSION:/VOLUME/PATH, one or more, and then where to (- for stdout)")
    .usage("[options] SESSION:/VOLUME/PATH... DEST")
    .option("-r, --recursive", "copy directories and all below them")
    .option("--preserve-special", "keep owners, setuid bits, device nodes and fifos (as root)")
    .option("-q, --quiet", "no progress")
    .addHelpText("after", help + pathHelp)
    .action((places: string[], flags: CpFlags) => cp(places, flags, context))
  withClusterFlags(command)
}

async function cp(places: string[], flags: CpFlags, context: Context): Promise<void> {
  const dest = places.at(-1)
  const sources = places.slice(0, -1).map((text) => parseRemotePath(text, context.defaultSession))
  if (dest === undefined || sources.length === 0)
    throw new RecoveryError("UsageError", "Say what to copy and where to: cp SESSION:/VOLUME/PATH DEST.")
  if (flags.preserveSpecial && process.getuid?.() !== 0)
    throw new RecoveryError("UsageError", "--preserve-special sets owners and makes devices: only root may.")
  const { streams, signal } = context
  const progress = new Progress(streams, "copied", flags.quiet === true || dest === "-")
  let left = 0
  let special = 0
  const skipped = (name: string, why: string) => {
    left++
    progress.clear()
    streams.err.write(`${printable(name)}: left out: ${printable(why)}\n`)
  }
  for (const source of sources) {
    const files = await sessionFiles(source, flags)
    try {
      const options = {
        files,
        progress,
        signal,
        preserveSpecial: flags.preserveSpecial === true,
        skipped,
        special: () => void special++,
      }
      if (dest === "-") await toStdout(files, placeOf(source), context)
      else await copy(source, dest, sources.length > 1, flags.recursive === true, options)
    } finally {
      files.close()
    }
  }
  progress.done()
  if (special > 0 && !flags.quiet)
    streams.err.write(`device nodes and fifos left out: ${special} (--preserve-special, as root, keeps them)\n`)
  if (left > 0) throw new RecoveryError("CopyIncomplete", `${left} ${left === 1 ? "file was" : "files were"} left out.`)
}

async function copy(source: RemotePath, dest: string, several: boolean, recursive: boolean, options: CopyOptions) {
  if (source.volume === undefined && recursive) return copyVolumes(dest, options)
  const place = placeOf(source)
  const ownName = place.components.at(-1) ?? Buffer.from(place.volume)
  const to = chooseDestination(dest, ownName, several)
  await (recursive ? copyTree(place, to, options) : copyFile(place, to, options))
}

/** `cp -r SESSION:/ DEST`: every volume that can be read, each as a directory. */
async function copyVolumes(dest: string, options: CopyOptions): Promise<void> {
  const { volumes } = await options.files.volumes()
  for (const { path, state, message } of volumes) {
    const to = chooseDestination(dest, Buffer.from(path), true)
    if (state === "Mounted" || state === "Available") await copyTree({ volume: path, components: [] }, to, options)
    else options.skipped(`/${path}`, message ?? state)
  }
}

async function toStdout(files: FilesClient, place: Place, { streams, signal }: Context): Promise<void> {
  const content = await files.content(place, { start: 0 }, signal)
  for await (const chunk of download(files, place, content, signal)) await print(streams.out, chunk)
}

function placeOf(source: RemotePath): Place {
  const { volume, components } = source
  if (volume !== undefined) return { volume, components }
  throw new RecoveryError("UsageError", `${showRemotePath(source)} is all volumes: name one, or copy them with -r.`)
}
