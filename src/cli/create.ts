import type { Command } from "commander"
import { API_VERSION, SESSION_KIND } from "../api/group.ts"
import { RecoveryError } from "../api/reasons.ts"
import type { FileRecoverySession } from "../api/session.ts"
import { sessionSpec, type SessionSpecInput } from "../api/spec.ts"
import { kinds } from "../kube/kinds.ts"
import { type Cluster, getSession, openCluster } from "./client/cluster.ts"
import { type CommonFlags, type Context, notFormat, withClusterFlags } from "./context.ts"
import { print, structured } from "./output.ts"
import { endedEarly, isOver, objectName, standing, whyNotReady } from "./session-words.ts"
import { volumeTable } from "./volume-table.ts"
import { durationOf, pause } from "./waiting.ts"

interface CreateFlags extends CommonFlags {
  readonly from: string[]
  readonly at?: string
  readonly recoveryPoint?: string
  readonly storageClass?: string
  readonly ttl?: string
  readonly verifySource?: boolean
  readonly wait?: boolean
  readonly timeout: string
}

const help = `
  kubectl-recover create orders --from pvc/data-orders-0 --wait
  kubectl-recover create orders --from pvc/data-orders-0 --from pvc/data-orders-1 --at 2026-11-22T03:00:00Z
  kubectl-recover create orders --from snapshot/orders-nightly --ttl 2h`

/** `create NAME --from ...`: a session on the cluster, and with --wait until its files can be read. */
export function addCreate(program: Command, context: Context): void {
  const collect = (value: string, before: string[]) => [...before, value]
  const command = program
    .command("create")
    .description("create a session on the cluster")
    .argument("<name>", "name of the FileRecoverySession")
    .option("--from <source>", "pvc/NAME or snapshot/NAME; again for each disk", collect, [])
    .option("--at <time>", "newest recovery point at or before this time, e.g. 2026-11-22T03:00:00Z")
    .option("--recovery-point <name>", "the recovery point this VolumeSnapshot belongs to")
    .option("--storage-class <name>", "StorageClass of the clones")
    .option("--ttl <duration>", "how long it lasts, at most 12h")
    .option("--verify-source", "hash the disks before and after, to prove that they were not changed")
    .option("--wait", "wait until the files can be read")
    .option("--timeout <duration>", "longest wait", "15m")
    .option("-o, --output <format>", "json, yaml or name")
    .option("-q, --quiet", "no progress")
    .addHelpText("after", help)
    .action((name: string, flags: CreateFlags) => create(name, flags, context))
  withClusterFlags(command)
}

async function create(name: string, flags: CreateFlags, { streams, signal }: Context): Promise<void> {
  const { output } = flags
  if (output !== undefined && output !== "json" && output !== "yaml" && output !== "name")
    throw notFormat(output, ["json", "yaml", "name"])
  const timeoutMs = durationOf("--timeout", flags.timeout)
  const spec = specOf(flags)
  const cluster = openCluster(flags)
  const made = await cluster.kube.create<FileRecoverySession>(kinds.FileRecoverySession, {
    apiVersion: API_VERSION,
    kind: SESSION_KIND,
    metadata: { name, namespace: cluster.namespace },
    spec,
  })
  if (!made.created)
    throw new RecoveryError(
      "SpecInvalid",
      `The session ${cluster.namespace}/${name} is there already; choose another name.`,
    )
  let session = made.object
  const say = (line: string) => void (flags.quiet || streams.err.write(`${line}\n`))
  if (flags.wait) session = await waitUntilReady(cluster, session, { timeoutMs, signal, say })
  if (output === "name") await print(streams.out, `${objectName(session)}\n`)
  else if (output) await print(streams.out, structured(output, session))
  else {
    await print(streams.out, `${objectName(session)} created\n`)
    if (flags.wait) await print(streams.out, volumeTable(session.status?.volumes ?? []))
  }
}

function specOf(flags: CreateFlags): SessionSpecInput {
  const disks = flags.from.map((text) => {
    const [, kind, name = ""] = /^(pvc|persistentvolumeclaim|snapshot|volumesnapshot)\/(.+)$/.exec(text) ?? []
    if (kind === undefined) throw new RecoveryError("UsageError", `--from "${text}" must be pvc/NAME or snapshot/NAME.`)
    return { isClaim: kind === "pvc" || kind === "persistentvolumeclaim", name }
  })
  if (disks.length === 0)
    throw new RecoveryError("UsageError", "Say what to recover from: --from pvc/NAME or snapshot/NAME.")
  const isClaim = disks[0]?.isClaim === true
  if (disks.some((disk) => disk.isClaim !== isClaim))
    throw new RecoveryError("UsageError", "A session has claims or snapshots as its source, not both.")
  const storageClass = flags.storageClass === undefined ? {} : { storageClassName: flags.storageClass }
  const named = disks.map(({ name }) => ({ name, ...storageClass }))
  const spec: SessionSpecInput = {
    source: isClaim ? { persistentVolumeClaims: named } : { volumeSnapshots: named },
    ...(flags.recoveryPoint === undefined && flags.at === undefined
      ? {}
      : { recoveryPoint: { name: flags.recoveryPoint, notAfter: flags.at } }),
    ...(flags.ttl === undefined ? {} : { ttl: flags.ttl }),
    ...(flags.verifySource ? { verifySource: true } : {}),
  }
  const checked = sessionSpec.safeParse(spec)
  if (checked.success) return spec
  const words = checked.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`)
  throw new RecoveryError("SpecInvalid", words.join("; "))
}

interface Waiting {
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly say: (line: string) => void
}

/** Looks once a second and tells each change. Rejects with the session's own reason when it ends instead. */
async function waitUntilReady(cluster: Cluster, made: FileRecoverySession, { timeoutMs, signal, say }: Waiting) {
  const { name, namespace = cluster.namespace } = made.metadata
  const started = performance.now()
  for (let told = ""; ;) {
    const session = await getSession(cluster, name, namespace)
    const now = standing(session)
    const elapsed = performance.now() - started
    if (now !== told) say(`[${(elapsed / 1000).toFixed(0).padStart(4)} s] ${now}`)
    told = now
    if (session.status?.phase === "Ready") return session
    if (isOver(session)) throw endedEarly(session)
    if (elapsed > timeoutMs) throw new RecoveryError("NotReady", whyNotReady(session))
    await pause(1000, signal, "Interrupted; the session goes on.")
  }
}
