import { RecoveryError } from "../../api/reasons.ts"
import type { FileRecoverySession } from "../../api/session.ts"
import { sessionSpec } from "../../api/spec.ts"
import { clusterFacts } from "../../gather/cluster-facts.ts"
import { gatherPreflight, type PreflightOptions } from "../../gather/preflight.ts"
import { gatherSources } from "../../gather/sources.ts"
import { asFarAsAllowed } from "../../gather/unread.ts"
import type { KubeClient } from "../../kube/client.ts"
import { type Forecast, forecast } from "../../session/preflight/forecast.ts"
import type { ObservedPreflight, Unread } from "../../session/preflight/observed.ts"
import { print, type Streams, structured } from "../output.ts"
import { objectName } from "../session-words.ts"
import { readInstallation } from "./installation.ts"
import { sendSession } from "./new-session.ts"
import { type Report, reportOf, reportText } from "./report.ts"

export type Output = "json" | "yaml" | "name" | undefined

/** `--dry-run=client`: what would be sent. Nobody is asked. */
export async function dryRunHere(session: FileRecoverySession, output: Output, { out }: Streams): Promise<void> {
  if (output === "json" || output === "yaml") return print(out, structured(output, session))
  await print(out, `${objectName(session)}${output === "name" ? "" : " created (dry run)"}\n`)
}

export interface DryRunOptions {
  readonly kube: KubeClient
  readonly session: FileRecoverySession
  /** NAMESPACE/RELEASE of the operator. */
  readonly installation: string
  readonly output: Output
}

/**
 * `--dry-run=server`: what the API server says to the session, what would be cloned, and what would stand in the way, with
 * the user's own rights. Rejects, after it has told all, with the reason of the first thing that keeps it from starting.
 */
export async function dryRunOnServer(options: DryRunOptions, { out }: Streams): Promise<void> {
  const { kube, output } = options
  const session = await sendSession(kube, options.session, { dryRun: true })
  const report = await foresee(options, session)
  if (output === "name") await print(out, `${objectName(session)}\n`)
  else await print(out, output ? structured(output, report) : reportText(report))
  const [first] = report.problems
  if (first) throw new RecoveryError(first.reason, `The session would ${first.heals ? "wait" : "fail"}.`)
}

async function foresee({ kube, installation: place }: DryRunOptions, session: FileRecoverySession): Promise<Report> {
  const { namespace = "", name, uid = "" } = session.metadata
  const ref = { namespace, name, uid }
  const spec = sessionSpec.parse(session.spec)
  const unread: Unread[] = []
  const sources = await gatherSources(asFarAsAllowed(kube, unread), namespace, spec)
  const foreseen = forecast(spec, ref, sources, (kind) => unread.some(({ what }) => what === kind))
  if (foreseen.problems.length > 0) {
    unread.push({ what: "quotas, limits, policies and nodes", why: "there is nothing to clone yet" })
    return reportOf(session, foreseen, undefined, unread)
  }
  const preflight = await look(kube, { session: ref, spec }, foreseen, place, unread)
  return reportOf(session, foreseen, preflight, unread)
}

async function look(
  kube: KubeClient,
  wanted: Pick<PreflightOptions, "session" | "spec">,
  { disks }: Forecast,
  place: string,
  unread: Unread[],
): Promise<ObservedPreflight> {
  const installation = await readInstallation(kube, place, unread)
  const now = Date.now()
  const facts = clusterFacts(kube, () => now)
  const clones = disks.map(({ clone }) => clone)
  return gatherPreflight({ ...wanted, kube, facts, installation, clones, now, isOperator: false })
}
