import type { ConditionType } from "../api/conditions.ts"
import type { SessionStatus } from "../api/status.ts"
import type { PodRole } from "../children/names.ts"
import { conditions, keep } from "./conditions.ts"
import { fit } from "./fit.ts"
import type { Instant, Observed } from "./observed.ts"
import type { Verdict } from "./verdict.ts"

/** Something that could not be made, in the API server's words. */
export interface Refusal extends Verdict {
  about: "surroundings" | "claim" | PodRole
}

const TOLD_BY: Record<Refusal["about"], ConditionType> = {
  surroundings: "VolumesReady",
  claim: "VolumesReady",
  target: "TargetServing",
  restore: "Mounted",
}

/** The status a plan wanted, corrected by what could not be done. A pod that was refused never held its role. */
export function withRefusals(
  status: SessionStatus,
  refusals: readonly Refusal[],
  observed: Observed,
  now: Instant,
): SessionStatus {
  const [first] = refusals
  if (!first) return status
  const told = Object.fromEntries(
    refusals.toReversed().map(({ about, reason, message }) => [TOLD_BY[about], { holds: false, reason, message }]),
  )
  const Ready = { holds: false, reason: first.reason, message: first.message }
  const wanted = {
    ...keep(status, "Accepted", "VolumesReady", "TargetServing", "Mounted", "ExpiringSoon"),
    ...told,
    Ready,
  }
  const { targets, access, ...rest } = status
  const refused = (role: PodRole) =>
    refusals.some(({ about }) => about === role || about === "surroundings" || about === "claim")
  const keptTargets = refused("target") ? observed.status.targets : targets
  const keptAccess = refused("restore") ? observed.status.access : access
  return fit({
    ...rest,
    ...(keptTargets && { targets: keptTargets }),
    ...(keptAccess && { access: keptAccess }),
    conditions: conditions(wanted, observed, now),
  })
}
