import type { Command } from "commander"
import { RecoveryError } from "../api/reasons.ts"
import { displayName, percentEncode } from "../files/names.ts"
import { joinPath } from "../files/path.ts"
import { openCluster } from "./client/cluster.ts"
import { OpenFiles } from "./client/open-files.ts"
import { type Context, examples, formatOf, withClusterFlags } from "./context.ts"
import { compareTrees, type Difference } from "./diff/compare.ts"
import { comparePoints, type PointDifference } from "./diff/points.ts"
import { localTree } from "./diff/local-tree.ts"
import { podTree } from "./diff/pod-tree.ts"
import { sessionTree } from "./diff/session-tree.ts"
import type { Tree, TreeEntry } from "./diff/tree.ts"
import { JsonArray } from "./json-array.ts"
import { inOneShot } from "./one-shot/one-shot.ts"
import { type OneShotFlags, oneShotHelp, withOneShotFlags } from "./one-shot/flags.ts"
import { print } from "./output.ts"
import { parsePodPath } from "./pod/pod-path.ts"
import { parseRemotePath, pathHelp, placeOf, type RemotePath } from "./remote-path.ts"

interface DiffFlags extends OneShotFlags {
  readonly points?: boolean
  readonly checksum?: boolean
  readonly ignoreTimes?: boolean
  readonly container?: string
}

const help = `${examples(
  "kubectl-recover diff monday:/vg0-data/etc sunday:/vg0-data/etc      two sessions",
  "kubectl-recover diff --checksum orders:/vg0-data/orders ./orders    a directory of this machine",
  "kubectl-recover diff orders:/vg0-data/orders pod/orders-0:/var/lib/orders",
  "kubectl-recover diff --from pvc/data-orders-0 --at 3h-ago /disk-p1/etc pod/web-0:/etc",
  "kubectl-recover diff --points orders:/vg0-data/etc                  a session's recovery points",
)}
"- PATH" is only on the first side, "+ PATH" only on the second; "~ PATH" is on both, and why it is not the same. Compared are
names, types, sizes, targets of links, and times in whole seconds, or with --checksum content instead of times. A pod's
directory is read by its tar, with all that is in it. With --points each recovery point of the session is compared with the
next one, in the session's order; SESSION:/ is all volumes. Exit code 6: there are differences.
${oneShotHelp}`

/** `diff A B`: what two recovery points, or a recovery point and what is there now, don't have in common. */
export function addDiff(program: Command, context: Context): void {
  const command = program
    .command("diff")
    .description("compare with another session, a directory of this machine, or one of a running pod")
    .argument("<place>", "SESSION:/VOLUME/PATH")
    .argument("[other]", "SESSION:/VOLUME/PATH, a path of this machine, or pod/[NAMESPACE/]POD:/DIRECTORY")
    .option("--points", "compare the session's recovery points with each other, instead of with another place")
    .option("--checksum", "compare what files hold, not when they were changed")
    .option("--ignore-times", "compare neither")
    .option("-c, --container <name>", "container of the pod")
    .option("-o, --output <format>", "json: one array, while it is compared; names percent-encoded")
    .option("-q, --quiet", "say nothing but failures: the exit code tells")
    .addHelpText("after", help + pathHelp)
    .action((place: string, other: string | undefined, flags: DiffFlags) =>
      inOneShot(flags, context, (context) => diff(place, other, flags, context)),
    )
  withClusterFlags(withOneShotFlags(command))
}

async function diff(place: string, other: string | undefined, flags: DiffFlags, context: Context): Promise<void> {
  const isJson = formatOf(flags.output, ["json"]) !== undefined
  if ((other === undefined) !== (flags.points === true))
    throw new RecoveryError("UsageError", "Name two places, or one with --points.")
  using sessions = new OpenFiles(flags, context)
  const array = new JsonArray(context.streams.out)
  let count = 0
  let between: string | undefined
  for await (const difference of differences(place, other, sessions, flags, context)) {
    context.signal.throwIfAborted()
    count++
    if (isJson) await array.add(forPrograms(difference))
    else if (!flags.quiet) {
      const points = difference.points?.map((point) => `point${point}`).join(" -> ")
      if (points !== between) await print(context.streams.out, `${points}:\n`)
      between = points
      await print(context.streams.out, line(difference))
    }
  }
  if (isJson) await array.end()
  if (count > 0) throw new RecoveryError("ContentDiffers", count === 1 ? "1 difference." : `${count} differences.`)
}

type Found = Difference & Partial<Pick<PointDifference, "points">>

async function* differences(
  place: string,
  other: string | undefined,
  sessions: OpenFiles,
  flags: DiffFlags,
  context: Context,
): AsyncGenerator<Found> {
  const where = parseRemotePath(place, context.defaultSession)
  const options = { checksum: flags.checksum === true, ignoreTimes: flags.ignoreTimes === true }
  const grumbled = (words: string) => void context.streams.err.write(`${words}\n`)
  if (other === undefined) {
    yield* comparePoints(await sessions.of(where), where, { ...options, grumbled, signal: context.signal })
    return
  }
  const second = await otherSide(other, sessions, flags, context)
  yield* compareTrees(await inSession(where, sessions, context), second, options)
}

async function inSession(path: RemotePath, sessions: OpenFiles, { signal }: Context): Promise<Tree> {
  const place = placeOf(path)
  return sessionTree(await sessions.of(path), place, signal)
}

/** A path without a session is one of this machine, also where another verb would take it for the default session's. */
async function otherSide(text: string, sessions: OpenFiles, flags: DiffFlags, context: Context): Promise<Tree> {
  const pod = /^pods?\//.test(text) ? parsePodPath(text) : undefined
  if (pod) {
    const { config, namespace: usual } = openCluster(flags)
    const { container, checksum = false } = flags
    return podTree(config, {
      namespace: pod.namespace ?? usual,
      pod: pod.pod,
      ...(container !== undefined && { container }),
      path: pod.path,
      checksum,
      grumbled: (words) => void context.streams.err.write(`${words}\n`),
      signal: context.signal,
    })
  }
  return /^[^/.][^:]*:\/|^:\//.test(text)
    ? inSession(parseRemotePath(text, context.defaultSession), sessions, context)
    : localTree(text)
}

const marks = { removed: "-", added: "+", changed: "~" } as const

function line({ path, change, fields, before, after }: Difference): string {
  const isDirectory = (before ?? after)?.type === "directory" && change !== "changed"
  const shown = `${displayName(joinPath(path).subarray(1)) || "."}${isDirectory ? "/" : ""}`
  const why = before && after ? `: ${fields.map((field) => words(field, before, after)).join(", ")}` : ""
  return `${marks[change]} ${shown}${why}\n`
}

function words(field: string, before: TreeEntry, after: TreeEntry): string {
  const of = ({ type, sizeBytes, mtime, linkTarget = Buffer.alloc(0) }: TreeEntry): string | undefined =>
    ({ type, size: String(sizeBytes), mtime: timeWords(mtime), target: displayName(linkTarget) })[field]
  const [left, right] = [of(before), of(after)]
  return left === undefined ? field : `${field} ${left} -> ${right}`
}

function forPrograms({ points, path, change, fields, before, after }: Found): object {
  const side = ({ type, sizeBytes, mtime, linkTarget }: TreeEntry) => ({
    type,
    sizeBytes,
    mtime: timeWords(mtime),
    ...(linkTarget !== undefined && { linkTarget: percentEncode(linkTarget) }),
  })
  return {
    ...(points && { points }),
    path: percentEncode(joinPath(path), "/"),
    change,
    ...(fields.length > 0 && { fields }),
    ...(before && { before: side(before) }),
    ...(after && { after: side(after) }),
  }
}

/** ISO 8601; what no date can be is told in seconds. */
function timeWords(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString()
}
