import type { Command } from "commander"
import { humanBytes } from "../api/bytes.ts"
import { isReason, RecoveryError } from "../api/reasons.ts"
import type { FileRecoverySession } from "../api/session.ts"
import { kinds } from "../kube/kinds.ts"
import { pause } from "../client/pause.ts"
import { getSession, openCluster } from "./client/cluster.ts"
import { type CommonFlags, type Context, withClusterFlags } from "./context.ts"
import { print, type Streams } from "./output.ts"
import { isOver, standing, whyNotReady } from "./session-words.ts"
import { durationOf } from "./waiting.ts"

interface UnmountFlags extends CommonFlags {
  readonly wait: boolean
  readonly timeout: string
}

/** `unmount SESSION`: ends a session and waits until nothing of it is left. */
export function addUnmount(program: Command, context: Context): void {
  const command = program
    .command("unmount")
    .description("end a session: nobody can read any more, and all that was made for it is removed")
    .argument("<session>", "name of a FileRecoverySession, or NAMESPACE/NAME")
    .option("--no-wait", "don't wait until nothing is left")
    .option("--timeout <duration>", "longest wait", "10m")
    .option("-q, --quiet", "no progress")
    .action((name: string, flags: UnmountFlags) => unmount(name, flags, context))
  withClusterFlags(command)
}

async function unmount(text: string, flags: UnmountFlags, { streams, signal }: Context): Promise<void> {
  const timeoutMs = durationOf("--timeout", flags.timeout)
  const cluster = openCluster(flags)
  const slash = text.indexOf("/")
  const namespace = slash === -1 ? cluster.namespace : text.slice(0, slash)
  const name = text.slice(slash + 1)
  const before = await getSession(cluster, name, namespace)
  if (!isOver(before)) {
    const patch = { spec: { desiredState: "Unmounted" } }
    await cluster.kube.mergePatch<FileRecoverySession>(kinds.FileRecoverySession, name, namespace, patch)
  }
  if (!flags.wait) return
  const started = performance.now()
  for (let told = ""; ;) {
    const session = await cluster.kube.get<FileRecoverySession>(kinds.FileRecoverySession, name, namespace)
    if (!session) return print(streams.out, `session ${namespace}/${name} is gone\n`)
    const now = standing(session)
    if (now !== told && !flags.quiet) streams.err.write(`${now}\n`)
    told = now
    if (isOver(session)) return tell(session, streams)
    if (performance.now() - started > timeoutMs)
      throw new RecoveryError("NotReady", `Not unmounted yet: ${whyNotReady(session)}`)
    await pause(1000, signal, "Interrupted; the release goes on.")
  }
}

/** The summary, and as a failure that a source which was to be verified was not. */
async function tell(session: FileRecoverySession, { out }: Streams): Promise<void> {
  await print(out, summary(session))
  const verified = session.status?.conditions?.find(({ type }) => type === "SourceVerified")
  if (!verified || verified.status === "True") return
  throw new RecoveryError(isReason(verified.reason) ? verified.reason : "SourceNotVerified", verified.message)
}

/** What was released, as the object keeps it. */
function summary({ metadata, status }: FileRecoverySession): string {
  const { release, clones = [], phase = "" } = status ?? {}
  const facts = [
    `${clones.length} ${clones.length === 1 ? "clone" : "clones"} removed`,
    release?.initiatorsAtRelease === undefined ? undefined : `${release.initiatorsAtRelease} initiators left`,
    release?.bytesServed === undefined ? undefined : `${humanBytes(release.bytesServed)} served`,
    release?.filesRead === undefined ? undefined : `${release.filesRead} files read`,
    release?.writeAttempts === undefined ? undefined : `${release.writeAttempts} writes refused`,
    release?.sourceVerified === undefined ? undefined : `source ${release.sourceVerified ? "" : "NOT "}verified`,
  ]
  return `${metadata.namespace}/${metadata.name} ${phase}: ${facts.filter((fact) => fact !== undefined).join(", ")}\n`
}
