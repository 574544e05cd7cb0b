import type { Command } from "commander"
import { RecoveryError } from "../api/reasons.ts"
import { sessionSpec } from "../api/spec.ts"
import { gatherPoints } from "../gather/points.ts"
import { asFarAsAllowed } from "../gather/unread.ts"
import type { Unread } from "../session/preflight/observed.ts"
import { openCluster } from "./client/cluster.ts"
import { type CommonFlags, type Context, examples, formatOf, withClusterFlags } from "./context.ts"
import { type Point, pointsOf } from "./points/point.ts"
import { print, structured } from "./output.ts"
import { printable } from "./printable.ts"
import { humanAge, table } from "./table.ts"
import { timeHelp, timeOf } from "./time-flag.ts"

interface PointsFlags extends CommonFlags {
  readonly at?: string
}

const help = `${examples(
  "kubectl-recover points                              of all claims of the namespace",
  "kubectl-recover points pvc/data-orders-0            of one claim, also of one that is gone",
  "kubectl-recover points data-orders-0 data-orders-1 --at 3h-ago",
)}
With claims named, * marks what "create" with these as --from (and the same --at) would take: of several claims, snapshots
within 5 minutes of each other. What you may not read is named on stderr, and nothing is concluded from it.`

/** `points [CLAIM...]`: the recovery points there are, whether each can be used, and why not. */
export function addPoints(program: Command, context: Context): void {
  const command = program
    .command("points")
    .description("show the recovery points of a namespace or of claims, and whether each can be used")
    .argument("[claims...]", "names of PersistentVolumeClaims, as pvc/NAME or NAME")
    .option("--at <time>", `only those taken at this time or before, ${timeHelp}`)
    .option("-o, --output <format>", "wide, json, yaml or name")
    .addHelpText("after", help)
    .action((claims: string[], flags: PointsFlags) => points(claims, flags, context))
  withClusterFlags(command)
}

async function points(names: readonly string[], flags: PointsFlags, { streams, signal }: Context): Promise<void> {
  const output = formatOf(flags.output, ["wide", "json", "yaml", "name"])
  const claims = claimNames(names)
  const notAfter = flags.at === undefined ? {} : { notAfter: timeOf("--at", flags.at, Date.now()) }
  const cluster = openCluster(flags, signal)
  const { namespace } = cluster
  const unread: Unread[] = []
  const sources = await gatherPoints(asFarAsAllowed(cluster.kube, unread), namespace)
  const isUnread = (kind: string) => unread.some(({ what }) => what === kind)
  const found = pointsOf(sources, { namespace, claims, ...notAfter }, isUnread, isUnread("PersistentVolumeClaim"))
  for (const { what, why } of unread) streams.err.write(`not read: ${printable(`${what} (${why})`)}\n`)
  await show(found.points, { output, withChoice: claims.length > 0 }, streams.out)
  if (isUnread("VolumeSnapshot")) throw new RecoveryError("Forbidden", "The snapshots may not be read.")
  if (found.none) throw new RecoveryError(found.none.reason, found.none.message)
  if (found.points.length === 0 && output !== "json" && output !== "yaml")
    streams.err.write(`No recovery points found in namespace ${namespace}.\n`)
}

function claimNames(texts: readonly string[]): string[] {
  const names = texts.map((text) => text.replace(/^(pvc|persistentvolumeclaim)s?\//, ""))
  const source = { persistentVolumeClaims: [...new Set(names)].map((name) => ({ name })) }
  if (names.length > 0 && !sessionSpec.safeParse({ source }).success)
    throw new RecoveryError("UsageError", `"${texts.join(" ")}" must be names of claims: pvc/NAME or NAME.`)
  return source.persistentVolumeClaims.map(({ name }) => name)
}

interface Look {
  readonly output: "wide" | "json" | "yaml" | "name" | undefined
  readonly withChoice: boolean
}

async function show(found: readonly Point[], { output, withChoice }: Look, out: Context["streams"]["out"]) {
  if (output === "json" || output === "yaml") return print(out, structured(output, found))
  if (output === "name")
    return print(out, found.map(({ snapshot }) => `volumesnapshot.snapshot.storage.k8s.io/${snapshot}\n`).join(""))
  if (found.length === 0) return
  const wide = output === "wide"
  const header = [
    ...(withChoice ? [" "] : []),
    "CLAIM",
    "RECOVERY POINT",
    "TAKEN",
    "AGE",
    "SIZE",
    "DRIVER",
    ...(wide ? ["MODE", "STORAGE CLASS"] : []),
    "USABLE",
  ]
  const now = Date.now()
  const rows = found.map((point) => [
    ...(withChoice ? [point.chosen ? "*" : ""] : []),
    (point.claim ?? "-") + (point.claimExists === false ? " (gone)" : ""),
    point.snapshot,
    point.takenAt ?? "-",
    humanAge(now - Date.parse(point.takenAt ?? "")),
    point.size ?? "-",
    point.driver ?? "-",
    ...(wide ? [point.volumeMode ?? "-", point.storageClassName ?? "-"] : []),
    point.usable ? "yes" : `no: ${point.message ?? ""} (${point.reason ?? ""})`,
  ])
  await print(
    out,
    table(
      header,
      rows.map((row) => row.map(printable)),
    ),
  )
}
