import type { Command } from "commander"
import { RecoveryError } from "../api/reasons.ts"
import type { FilesClient, Place } from "../client/files-client.ts"
import type { HashProgress } from "../client/hashes.ts"
import { OpenFiles } from "./client/open-files.ts"
import { type Context, examples, withClusterFlags } from "./context.ts"
import { copyFile, type CopyOptions, copyTree } from "./copy/copy.ts"
import { chooseDestination, type Destination } from "./copy/destination.ts"
import { download } from "../client/download.ts"
import { verifyCopy } from "./copy/verify.ts"
import { inOneShot } from "./one-shot/one-shot.ts"
import { type OneShotFlags, oneShotHelp, withOneShotFlags } from "./one-shot/flags.ts"
import { print } from "./output.ts"
import { copyToPod } from "./pod/copy-to-pod.ts"
import { parsePodPath, type PodPath } from "./pod/pod-path.ts"
import { printable } from "./printable.ts"
import { Progress } from "./progress.ts"
import { parseRemotePath, pathHelp, placeOf, type RemotePath } from "./remote-path.ts"

interface CpFlags extends OneShotFlags {
  readonly recursive?: boolean
  readonly preserveSpecial?: boolean
  readonly numericOwner?: boolean
  readonly xattrs?: boolean
  readonly verify?: boolean
  readonly container?: string
}

const help = `${examples(
  "kubectl-recover cp orders:/vg0-data/orders/2026-11.db .",
  "kubectl-recover cp -r --verify orders:/vg0-data/orders ./orders",
  "kubectl-recover cp orders:/vg0-data/a orders:/vg0-data/b DIRECTORY",
  "kubectl-recover cp -r orders:/vg0-data/orders orders-0:/var/lib      into a running pod",
  "kubectl-recover cp --from pvc/data-orders-0 --at 3h-ago /disk-p1/etc/hosts .",
)}
Modes and times are kept; owners with --numeric-owner or --preserve-special, ACLs and attributes user.* with --xattrs,
trusted.* and capabilities with both of these. Not kept: SELinux labels, and in a pod no ACL or attribute; a tar has them all.
Nothing is written outside of DEST nor through a symbolic link. A file appears under its name when it is complete; one that
breaks off or is interrupted stays as .NAME.*.part, and the same command goes on from there.

[NAMESPACE/]POD:/DIRECTORY is a directory of a running pod, which must be there; what is copied appears in it under its own
name. The container needs tar. A local path with a colon is written ./NAME:/...
${oneShotHelp}`

/** `cp SESSION:/PATH... DEST`: files, and directories with -r, to this machine or into a running pod. */
export function addCp(program: Command, context: Context): void {
  const command = program
    .command("cp")
    .description("copy files, and directories with -r, to this machine or into a running pod")
    .argument(
      "<places...>",
      "SESSION:/VOLUME/PATH, one or more, and then where to: a path, POD:/DIRECTORY, or - for stdout",
    )
    .usage("[options] SESSION:/VOLUME/PATH... DEST")
    .option("-r, --recursive", "copy directories and all below them")
    .option("--verify", "compare what was copied with the session's SHA-256; a difference is exit code 6")
    .option("--numeric-owner", "keep owners and groups, by their numbers (as root)")
    .option("--xattrs", "keep ACLs and extended attributes (with setfacl and setfattr)")
    .option("--preserve-special", "keep owners, setuid bits, device nodes and fifos (as root)")
    .option("-c, --container <name>", "container of the pod")
    .option("-q, --quiet", "no progress")
    .addHelpText("after", help + pathHelp)
    .action((places: string[], flags: CpFlags) => inOneShot(flags, context, (context) => cp(places, flags, context)))
  withClusterFlags(withOneShotFlags(command))
}

async function cp(places: string[], flags: CpFlags, context: Context): Promise<void> {
  const dest = places.at(-1)
  const sources = places.slice(0, -1).map((text) => parseRemotePath(text, context.defaultSession))
  if (dest === undefined || sources.length === 0)
    throw new RecoveryError("UsageError", "Say what to copy and where to: cp SESSION:/VOLUME/PATH DEST.")
  const pod = parsePodPath(dest)
  refuseFlags(flags, pod, dest)
  // what is wrong with the usage is told before anything is opened
  if (pod || !flags.recursive) for (const source of sources) placeOf(source)
  if (!pod && dest !== "-") chooseDestination(dest, Buffer.from("x"), sources.length > 1)
  const progress = new Progress(context.streams, "copied", flags.quiet === true || dest === "-")
  const run = new Copying(flags, context, progress)
  using sessions = new OpenFiles(flags, context)
  if (pod) await run.toPod(pod, sources, sessions)
  else
    for (const source of sources) {
      const files = await sessions.of(source)
      if (dest === "-") await toStdout(files, placeOf(source), context)
      else await run.here(source, dest, sources.length > 1, files)
    }
  progress.done()
  run.tell()
}

function refuseFlags(flags: CpFlags, pod: PodPath | undefined, dest: string): void {
  if (!pod && (flags.preserveSpecial || flags.numericOwner) && process.getuid?.() !== 0)
    throw new RecoveryError(
      "UsageError",
      "Owners are set and devices made by root alone: leave the flag out, or take a tar.",
    )
  if (flags.container !== undefined && !pod)
    throw new RecoveryError("UsageError", "--container is one of a pod: the destination must be POD:/DIRECTORY.")
  if (flags.xattrs && (pod || dest === "-"))
    throw new RecoveryError("UsageError", "--xattrs sets attributes on this machine only.")
  if (flags.verify && (pod || dest === "-"))
    throw new RecoveryError("UsageError", "--verify reads what was copied again: only on this machine.")
}

/** One call of cp: what it copies, and what it has to tell at its end. */
class Copying {
  readonly #flags: CpFlags
  readonly #context: Context
  readonly #options: Omit<CopyOptions, "files">
  #left = 0
  #special = 0
  #withheld = 0
  #different = 0

  constructor(flags: CpFlags, context: Context, progress: Progress) {
    this.#flags = flags
    this.#context = context
    const complain = (name: string, words: string) => {
      progress.clear()
      context.streams.err.write(`${printable(name)}: ${printable(words)}\n`)
    }
    this.#options = {
      progress,
      signal: context.signal,
      preserveSpecial: flags.preserveSpecial === true,
      numericOwner: flags.numericOwner === true,
      xattrs: flags.xattrs === true,
      // the session of one go is another each time: nothing could go on
      resume: flags.from.length === 0 || flags.keep === true,
      skipped: (name, why) => (this.#left++, complain(name, `left out: ${why}`)),
      special: () => void this.#special++,
      withheld: () => void this.#withheld++,
      differs: (name, why) => (this.#different++, complain(name, why)),
    }
  }

  async here(source: RemotePath, dest: string, several: boolean, files: FilesClient): Promise<void> {
    const isTree = this.#flags.recursive === true
    if (source.volume === undefined && isTree) return this.#volumes(dest, files)
    const place = placeOf(source)
    const ownName = place.components.at(-1) ?? Buffer.from(place.volume)
    await this.#one(place, chooseDestination(dest, ownName, several), isTree, files)
  }

  async toPod(to: PodPath, sources: readonly RemotePath[], sessions: OpenFiles): Promise<void> {
    const { container, recursive } = this.#flags
    const each = async function* () {
      for (const source of sources) yield { place: placeOf(source), files: await sessions.of(source) }
    }
    const where = { to, recursive: recursive === true, ...(container !== undefined && { container }) }
    await copyToPod(each(), where, this.#options, this.#flags)
  }

  /** What was left out or is not the same, at the end of it all. */
  tell(): void {
    const { streams } = this.#context
    if (this.#special > 0 && !this.#flags.quiet)
      streams.err.write(`device nodes and fifos left out: ${this.#special} (--preserve-special, as root, keeps them)\n`)
    if (this.#withheld > 0 && !this.#flags.quiet)
      streams.err.write(
        `attributes left out, trusted.* and capabilities: ${this.#withheld} (--preserve-special keeps them)\n`,
      )
    if (this.#different > 0)
      throw new RecoveryError("ContentDiffers", `${counted(this.#different)} not what the session has.`)
    if (this.#left > 0) throw new RecoveryError("CopyIncomplete", `${counted(this.#left)} left out.`)
  }

  /** `cp -r SESSION:/ DEST`: every volume that can be read, each as a directory. */
  async #volumes(dest: string, files: FilesClient): Promise<void> {
    const { volumes } = await files.volumes()
    for (const { path, state, message } of volumes) {
      const to = chooseDestination(dest, Buffer.from(path), true)
      if (state === "Mounted" || state === "Available")
        await this.#one({ volume: path, components: [] }, to, true, files)
      else this.#options.skipped(`/${path}`, message ?? state)
    }
  }

  async #one(place: Place, to: Destination, isTree: boolean, files: FilesClient): Promise<void> {
    const options = { ...this.#options, files }
    // attributes come in archives only; a link is followed, and what it leads to has none of its own here
    const isArchived = isTree || (options.xattrs && (await files.stat(place)).type === "file")
    await (isArchived ? copyTree(place, to, options) : copyFile(place, to, options))
    if (!this.#flags.verify) return
    const { signal, progress, differs } = options
    const hashed = new Progress(this.#context.streams, "verified", this.#flags.quiet === true)
    const told: HashProgress = (change) => hashed.add(change)
    const reading = { to, isTree, signal, progress: told }
    const { files: count, different } = await verifyCopy(files, place, reading, differs)
    if (different === 0) progress.say(`verified: ${count === 1 ? "1 file" : `${count} files`}`)
  }
}

const counted = (count: number) => (count === 1 ? "1 file was" : `${count} files were`)

async function toStdout(files: FilesClient, place: Place, { streams, signal }: Context): Promise<void> {
  const content = await files.content(place, { start: 0 }, signal)
  for await (const chunk of download(files, place, content, signal)) await print(streams.out, chunk)
}
