import { type Preserved, preserved } from "../../api/copy.ts"
import type { CopyStatus } from "../../api/copy-status.ts"
import type { CopyResult } from "../../control/copy-result.ts"
import type { Instant } from "../observed.ts"
import { timestamp } from "../time.ts"
import type { Verdict } from "../verdict.ts"
import type { ObservedCopy } from "./observed.ts"
import type { CopyPlan } from "./plan.ts"
import { copyConditions, type WantedOfCopy } from "./status.ts"

/** How a copy ends. Without `why` well; without `result` its numbers are what the status has. */
export interface Outcome {
  why?: Verdict
  result?: CopyResult
}

/** What the garbage collector and the session's release take their time for is looked at again after this. */
const LOOK_MS = 5000
const ended = ["Unmounted", "Expired", "Failed"]

/** Takes away what was made, closes the session where that is wanted, and says how it ended when nothing is left. */
export function finish(observed: ObservedCopy, { why, result }: Outcome, now: Instant): CopyPlan {
  const { pods, policies } = observed
  const status = { ...observed.status, ...numbersOf(result) }
  const closing = sessionToClose(observed)
  const left = [
    ...pods.map((one) => ({ ...one, kind: "Pod" as const })),
    ...policies.map((one) => ({ ...one, kind: "NetworkPolicy" as const })),
  ]
  if (left.length > 0 || closing) {
    const waitingFor = [
      ...left.map(({ kind, name }) => `${kind} ${name}`),
      ...(closing ? [`session ${closing.name}`] : []),
    ]
    const message = `Waiting until these are gone: ${waitingFor.slice(0, 3).join(", ")}.`
    const wanted: WantedOfCopy = {
      Complete: { holds: false, reason: "Closing", message },
      Failed: why && { holds: true, ...why },
    }
    return {
      status: { ...status, phase: "Closing", conditions: copyConditions(wanted, observed, now) },
      remove: left.filter(({ deleting }) => !deleting).map(({ kind, name, uid }) => ({ kind, name, uid })),
      ...(closing?.ask && { closeSession: closing.ask }),
      requeueAfterMs: LOOK_MS,
    }
  }
  const wanted: WantedOfCopy = why
    ? { Complete: { holds: false, ...why }, Failed: { holds: true, ...why }, Stalled: { holds: true, ...why } }
    : { Complete: { holds: true, reason: "Copied", message: words(status, observed.spec) } }
  return {
    status: {
      ...status,
      phase: why ? "Failed" : "Complete",
      conditions: copyConditions(wanted, observed, now),
      finishedAt: timestamp(now),
    },
    remove: [],
    // a ttlAfterFinished of nothing has passed already
    requeueAfterMs: 0,
  }
}

/** The session that is to end with the copy and hasn't; `ask`: nobody has told it yet. */
function sessionToClose({
  spec,
  status,
  session,
}: ObservedCopy): { name: string; ask?: CopyPlan["closeSession"] } | undefined {
  // another one may have its name now
  if (!session || session.uid !== (status.session?.uid ?? session.uid)) return undefined
  const { name, uid, isOwn, phase, deleting } = session
  if (isOwn && !spec?.session) return { name, ...(!deleting && { ask: { how: "delete", name, uid } }) }
  if (spec?.session?.close !== true || ended.includes(phase)) return undefined
  const isEnding = deleting || phase === "Unmounting"
  return { name, ...(!isEnding && { ask: { how: "unmount", name, uid } }) }
}

function numbersOf(result: CopyResult | undefined): Partial<CopyStatus> {
  if (!result) return {}
  const { files, bytes, skipped, failed, failures } = result
  return { files, bytes, skipped, failed, ...(failures.length > 0 && { failures }) }
}

/** What became of it, and what a copy doesn't keep. */
function words({ files = 0, bytes = 0, skipped = 0 }: CopyStatus, spec: ObservedCopy["spec"]): string {
  const left = skipped > 0 ? ` ${skipped} were left out.` : ""
  const kept = ["modes", "times", ...(spec?.preserve ?? []).map((what) => names[what])]
  const lost = preserved.filter((what) => !spec?.preserve?.includes(what)).map((what) => names[what])
  const not = lost.length > 0 ? `; ${lost.join(", ")} are not kept` : ""
  return `${files} files were copied, ${bytes} bytes, with ${kept.join(", ")}${not}.${left}`
}

const names: Readonly<Record<Preserved, string>> = { Owner: "owners", Attributes: "ACLs and extended attributes" }
