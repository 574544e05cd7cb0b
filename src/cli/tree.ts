import type { Command } from "commander"
import { OpenFiles } from "./client/open-files.ts"
import { type Context, examples, withClusterFlags } from "./context.ts"
import { inOneShot } from "./one-shot/one-shot.ts"
import { type OneShotFlags, oneShotHelp, withOneShotFlags } from "./one-shot/flags.ts"
import { print } from "./output.ts"
import { complaint, printable } from "./printable.ts"
import { parseRemotePath, pathHelp, showRemotePath } from "./remote-path.ts"
import { type TreeLimits, TreeWalk } from "./tree/walk.ts"
import { wholeNumber } from "./whole-number.ts"

interface TreeFlags extends OneShotFlags {
  readonly level?: string
  readonly directories?: boolean
  readonly most: string
}

const help = `${examples(
  "kubectl-recover tree orders:/vg0-data -L 2",
  "kubectl-recover tree orders:/                  all volumes",
  "kubectl-recover tree -d orders:/vg0-data/srv   only directories",
)}
For programs: ls -R -o json, or ls -R -0.
${oneShotHelp}`

/** `tree SESSION:/PATH`: a directory and what is below it, as tree(1) draws it, while it is read. */
export function addTree(program: Command, context: Context): void {
  const command = program
    .command("tree")
    .description("draw a directory and what is below it")
    .argument("<place>", "SESSION:/VOLUME/PATH, or SESSION:/ for all volumes")
    .option("-L, --level <n>", "not deeper than this")
    .option("-d, --directories", "only directories")
    .option("--most <n>", "stop after so many lines", "10000")
    .option("-q, --quiet", "no progress")
    .addHelpText("after", help + pathHelp)
    .action((place: string, flags: TreeFlags) => inOneShot(flags, context, (context) => tree(place, flags, context)))
  withClusterFlags(withOneShotFlags(command))
}

async function tree(text: string, flags: TreeFlags, context: Context): Promise<void> {
  const { streams, signal, defaultSession } = context
  const limits: TreeLimits = {
    depth: flags.level === undefined ? Infinity : wholeNumber("--level", flags.level, 1, 4096),
    most: wholeNumber("--most", flags.most, 1, 10_000_000),
    onlyDirectories: flags.directories === true,
  }
  const place = parseRemotePath(text, defaultSession)
  using sessions = new OpenFiles(flags, context)
  const files = await sessions.of(place)
  const walk = new TreeWalk(files, limits, (name, why) => streams.err.write(complaint(name, why)))
  const { volume, components } = place
  const lines =
    volume === undefined ? walk.volumes((await files.volumes()).volumes) : walk.below({ volume, components })
  await print(streams.out, `${showRemotePath(place)}\n`)
  for await (const line of lines) {
    signal.throwIfAborted()
    await print(streams.out, line)
  }
  const { directories, others, isCut } = walk
  await print(streams.out, `\n${count(directories, "directory", "directories")}`)
  await print(streams.out, `${flags.directories ? "" : `, ${count(others, "file", "files")}`}\n`)
  if (isCut) streams.err.write(printable(`Stopped after ${flags.most} lines; see --most and --level.`) + "\n")
}

const count = (number: number, one: string, several: string) => `${number} ${number === 1 ? one : several}`
