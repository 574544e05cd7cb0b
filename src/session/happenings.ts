import type { ConditionType } from "../api/conditions.ts"
import type { SessionStatus } from "../api/status.ts"
import { conditionOf } from "./conditions.ts"

export interface Happening {
  type: "Normal" | "Warning"
  reason: string
  message: string
}

const QUIET = new Set([
  "Cloning",
  "Starting",
  "Hashing",
  "Mounting",
  "Mounted",
  "Serving",
  "Bound",
  "Accepted",
  "Releasing",
  "Released",
  "SourceVerified",
])
const TOLD = ["Accepted", "VolumesReady", "TargetServing", "Mounted"] as const
const TOLD_AT_THE_END = ["SourceVerified"] as const

/** What is worth an Event in the step from one status to the next: phases, and what stands in the way. */
export function happenings(before: SessionStatus, after: SessionStatus): Happening[] {
  const phase: Happening[] = before.phase === after.phase ? [] : [phaseEvent(after)]
  const trouble = (types: readonly ConditionType[]) =>
    types.flatMap((type): Happening[] => {
      const is = conditionOf(after, type)
      if (!is || QUIET.has(is.reason) || conditionOf(before, type)?.reason === is.reason) return []
      return [{ type: "Warning", reason: is.reason, message: is.message }]
    })
  const told = after.phase === "Failed" ? [] : [...trouble(TOLD), ...ending(before, after)]
  return [...phase, ...told, ...trouble(TOLD_AT_THE_END)]
}

/** Once 15 minutes before the end and once in the last two; not when that is all the session was ever meant to last. */
function ending(before: SessionStatus, after: SessionStatus): Happening[] {
  const is = conditionOf(after, "ExpiringSoon")
  if (!is || before.startedAt === undefined || conditionOf(before, "ExpiringSoon")?.reason === is.reason) return []
  return [{ type: "Warning", reason: "ExpiringSoon", message: is.message }]
}

function phaseEvent(status: SessionStatus): Happening {
  const { phase = "Pending", release, expiresAt } = status
  const message = (type: ConditionType) => conditionOf(status, type)?.message ?? ""
  switch (phase) {
    case "Pending":
      return { type: "Normal", reason: "Pending", message: message("Accepted") }
    case "Provisioning":
      return { type: "Normal", reason: "Provisioning", message: message("Accepted") }
    case "Ready":
      return { type: "Normal", reason: "Ready", message: `${message("Mounted")} The session ends at ${expiresAt}.` }
    case "Unmounting":
      return { type: "Normal", reason: "Unmounting", message: release?.message ?? "" }
    case "Failed":
      return {
        type: "Warning",
        reason: conditionOf(status, "Stalled")?.reason ?? "Failed",
        message: message("Stalled"),
      }
    default:
      return { type: "Normal", reason: phase, message: `Nothing is left. ${release?.message ?? ""}` }
  }
}
