import type { Command } from "commander"
import { RecoveryError } from "../api/reasons.ts"
import { percentDecode } from "../files/names.ts"
import { joinPath } from "../files/path.ts"
import type { Entry } from "../files/schemas.ts"
import type { FilesClient, Place } from "../client/files-client.ts"
import { OpenFiles } from "./client/open-files.ts"
import { type Context, examples, formatOf, withClusterFlags } from "./context.ts"
import { byName, longListing, shownName } from "./listing.ts"
import { inOneShot } from "./one-shot/one-shot.ts"
import { type OneShotFlags, oneShotHelp, withOneShotFlags } from "./one-shot/flags.ts"
import { print, structured } from "./output.ts"
import { complaint } from "./printable.ts"
import { parseRemotePath, pathHelp } from "./remote-path.ts"
import { volumeTable } from "./volume-table.ts"

interface LsFlags extends OneShotFlags {
  readonly long?: boolean
  readonly recursive?: boolean
  readonly print0?: boolean
}

/** Directories larger than this are shown in the disk's order: sorting needs all of it in memory. */
const mostSorted = 200_000

const help = `${examples(
  "kubectl-recover ls orders:/                       the volumes",
  "kubectl-recover ls -l orders:/vg0-data/etc",
  "kubectl-recover ls -R -0 orders:/vg0-data | ...   paths as they are, for programs",
  "kubectl-recover ls --from pvc/data-orders-0 /",
)}${oneShotHelp}`

/** `ls SESSION:/PATH`: the volumes, or what is in a directory. */
export function addLs(program: Command, context: Context): void {
  const command = program
    .command("ls")
    .description("list volumes (SESSION:/) or a directory of one (SESSION:/VOLUME/PATH)")
    .argument("<place>", "SESSION:/VOLUME/PATH")
    .option("-l, --long", "type, mode, numeric owner, size, time and link target")
    .option("-R, --recursive", "directories below, too; prints paths")
    .option("-0, --print0", "names as they are, each followed by a NUL byte")
    .option("-o, --output <format>", "json or yaml: one array, names percent-encoded")
    .option("-q, --quiet", "no progress")
    .addHelpText("after", help + pathHelp)
    .action((place: string, flags: LsFlags) => inOneShot(flags, context, (context) => ls(place, flags, context)))
  withClusterFlags(withOneShotFlags(command))
}

async function ls(text: string, flags: LsFlags, context: Context): Promise<void> {
  const output = formatOf(flags.output, ["json", "yaml"])
  const { volume, components, ...where } = parseRemotePath(text, context.defaultSession)
  using sessions = new OpenFiles(flags, context)
  const files = await sessions.of(where)
  if (volume === undefined) {
    const catalogue = await files.volumes()
    const shown = output === undefined ? volumeTable(catalogue.volumes) : structured(output, catalogue)
    return print(context.streams.out, shown)
  }
  const place = { volume, components }
  const entries = flags.recursive ? deep(files, place, context) : shallow(files, place)
  await show(entries, flags, context)
}

async function show(batches: AsyncIterable<Entry[]>, flags: LsFlags, { streams }: Context): Promise<void> {
  if (flags.output === "json" || flags.output === "yaml") {
    const all: Entry[] = []
    for await (const batch of batches) all.push(...batch)
    return print(streams.out, structured(flags.output, all))
  }
  for await (const batch of sorted(batches)) {
    if (flags.print0)
      await print(streams.out, Buffer.concat(batch.flatMap((entry) => [percentDecode(entry.name), nul])))
    else if (flags.long) await print(streams.out, longListing(batch))
    else await print(streams.out, batch.map((entry) => `${shownName(entry)}\n`).join(""))
  }
}

const nul = Buffer.alloc(1)

/** All at once and sorted, unless there are too many; where that is not all, what there is before the error. */
async function* sorted(batches: AsyncIterable<Entry[]>): AsyncGenerator<Entry[]> {
  let held: Entry[] | undefined = []
  try {
    for await (const batch of batches) {
      if (!held) yield batch
      else if (held.push(...batch) > mostSorted) {
        yield held
        held = undefined
      }
    }
  } catch (error) {
    if (held) yield held.sort(byName)
    throw error
  }
  if (held) yield held.sort(byName)
}

/** A directory's entries; anything else is its own only entry. */
async function* shallow(files: FilesClient, place: Place): AsyncGenerator<Entry[]> {
  try {
    yield* files.list(place)
  } catch (error) {
    const isLink = error instanceof RecoveryError && error.code === "PathNotFound" && place.components.length > 0
    if (!isLink && !(error instanceof RecoveryError && error.code === "NotADirectory")) throw error
    yield [await files.stat(place)]
  }
}

/** Everything below, named by its path from the place on; directories that can't be read are reported and left out. */
async function* deep(files: FilesClient, place: Place, { streams }: Context): AsyncGenerator<Entry[]> {
  const waiting: Buffer[][] = [[]]
  for (let below = waiting.pop(); below; below = waiting.pop()) {
    const inside = [...place.components, ...below]
    try {
      for await (const batch of files.list({ volume: place.volume, components: inside })) {
        for (const entry of batch) if (entry.type === "directory") waiting.push([...below, percentDecode(entry.name)])
        const prefix = below.map((part) => `${encodeAgain(part)}%2F`).join("")
        yield batch.map((entry) => ({ ...entry, name: prefix + entry.name }))
      }
    } catch (error) {
      if (!(error instanceof RecoveryError) || error.code === "Interrupted" || below.length === 0) throw error
      streams.err.write(complaint(joinPath(inside), error.message))
    }
  }
}

const encodeAgain = (part: Buffer) => [...part].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("")
