import type { CopyConditionType, CopyStatus } from "../../api/copy-status.ts"
import type { Instant } from "../observed.ts"
import { timestamp } from "../time.ts"
import type { Verdict } from "../verdict.ts"
import type { ObservedCopy } from "./observed.ts"

/** Conditions as a decision words them; what isn't mentioned is left out. */
export type WantedOfCopy = { [type in CopyConditionType]?: ({ holds: boolean } & Verdict) | undefined }

/** The list for the status. A condition keeps the time of its last change as long as it keeps its status. */
export function copyConditions(
  wanted: WantedOfCopy,
  { status, copy }: Pick<ObservedCopy, "status" | "copy">,
  now: Instant,
): NonNullable<CopyStatus["conditions"]> {
  return Object.entries(wanted).flatMap(([type, state]) => {
    if (!state) return []
    const is = state.holds ? "True" : "False"
    const before = status.conditions?.find((one) => one.type === type)
    return {
      type,
      status: is,
      observedGeneration: copy.generation,
      lastTransitionTime: before?.status === is ? before.lastTransitionTime : timestamp(now),
      reason: state.reason,
      message: state.message,
    }
  })
}

/** A status that goes on: what is known so far, and what is being done or waited for. */
export function goingOn(observed: ObservedCopy, phase: "Pending" | "Copying", why: Verdict, now: Instant): CopyStatus {
  const { conditions: _, ...known } = observed.status
  return { ...known, phase, conditions: copyConditions({ Complete: { holds: false, ...why } }, observed, now) }
}

export function isOver({ phase }: CopyStatus): boolean {
  return phase === "Complete" || phase === "Failed"
}
