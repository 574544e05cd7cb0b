import type { Command } from "commander"
import { RecoveryError } from "../api/reasons.ts"
import type { FileRecoverySession } from "../api/session.ts"
import { kinds } from "../kube/kinds.ts"
import { type Cluster, getSession, openCluster } from "./client/cluster.ts"
import { type CommonFlags, type Context, examples, formatOf, withClusterFlags } from "./context.ts"
import { print, structured } from "./output.ts"
import { parseSessionRef, type SessionRef } from "./session-ref.ts"
import { isOver, objectName } from "./session-words.ts"
import { Steps } from "./steps.ts"
import { failureOfRelease, releaseSummary } from "./unmount/summary.ts"
import { requestUnmount, waitUntilReleased } from "./unmount/release.ts"
import { durationOf } from "./waiting.ts"

interface UnmountFlags extends CommonFlags {
  readonly all?: boolean
  readonly wait: boolean
  readonly timeout: string
}

const help = `${examples(
  "kubectl-recover unmount orders",
  "kubectl-recover unmount orders shop/other --no-wait",
  "kubectl-recover unmount --all               every session of the namespace",
)}
There is no way back. Prints what each has released; the session objects stay, as a summary.`

/** `unmount SESSION...`: ends sessions and waits until nothing of them is left. */
export function addUnmount(program: Command, context: Context): void {
  const command = program
    .command("unmount")
    .description("end sessions: nobody can read any more, and all that was made for them is removed")
    .argument("[sessions...]", "names of FileRecoverySessions, or NAMESPACE/NAME")
    .option("--all", "all sessions of the namespace that have not ended")
    .option("--no-wait", "don't wait until nothing is left")
    .option("--timeout <duration>", "longest wait, for all together", "10m")
    .option("-o, --output <format>", "json, yaml or name: the sessions as they are then")
    .option("-q, --quiet", "no progress")
    .addHelpText("after", help)
    .action((names: string[], flags: UnmountFlags) => unmount(names, flags, context))
  withClusterFlags(command)
}

async function unmount(names: readonly string[], flags: UnmountFlags, { streams, signal }: Context): Promise<void> {
  const output = formatOf(flags.output, ["json", "yaml", "name"])
  const timeoutMs = durationOf("--timeout", flags.timeout)
  if (names.length > 0 === (flags.all === true))
    throw new RecoveryError("UsageError", "Name the sessions to unmount, or all of the namespace with --all.")
  const cluster = openCluster(flags, signal)
  const refs = flags.all ? await unfinished(cluster) : names.map((text) => parseSessionRef(text, cluster.namespace))
  // a name that is wrong is told before anything ends
  const before = await Promise.all(refs.map(({ name, namespace }) => getSession(cluster, name, namespace)))
  await Promise.all(before.filter((session) => !isOver(session)).map((session) => requestUnmount(cluster, session)))
  if (refs.length === 0) streams.err.write(`No sessions to unmount in namespace ${cluster.namespace}.\n`)
  const ended: FileRecoverySession[] = []
  let failure: RecoveryError | undefined
  const steps = new Steps(streams, flags.quiet === true)
  const until = performance.now() + timeoutMs
  for (const session of flags.wait ? before : []) {
    const last = await waitUntilReleased(cluster, session, { until, signal, steps, several: refs.length > 1 })
    if (last) ended.push(last)
    if (output === undefined) await print(streams.out, last ? releaseSummary(last) : gone(session))
    failure ??= last && failureOfRelease(last)
  }
  const told = flags.wait ? ended : before
  if (output === "name") await print(streams.out, told.map((session) => `${objectName(session)}\n`).join(""))
  else if (output) await print(streams.out, structured(output, names.length === 1 ? (told[0] ?? null) : told))
  if (failure) throw failure
}

async function unfinished({ kube, namespace }: Cluster): Promise<SessionRef[]> {
  const all = await kube.list<FileRecoverySession>(kinds.FileRecoverySession, { namespace })
  return all.filter((session) => !isOver(session)).map(({ metadata: { name } }) => ({ namespace, name }))
}

const gone = ({ metadata }: FileRecoverySession) => `session ${metadata.namespace}/${metadata.name} is gone\n`
