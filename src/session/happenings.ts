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
  "Mounting",
  "Mounted",
  "Serving",
  "Bound",
  "Accepted",
  "Releasing",
  "Released",
])
const TOLD = ["Accepted", "VolumesReady", "TargetServing", "Mounted"] as const

/** What is worth an Event in the step from one status to the next: phases, and what stands in the way. */
export function happenings(before: SessionStatus, after: SessionStatus): Happening[] {
  const phase: Happening[] = before.phase === after.phase ? [] : [phaseEvent(after)]
  const trouble = TOLD.flatMap((type): Happening[] => {
    const is = conditionOf(after, type)
    if (!is || QUIET.has(is.reason) || conditionOf(before, type)?.reason === is.reason) return []
    return [{ type: "Warning", reason: is.reason, message: is.message }]
  })
  return after.phase === "Failed" ? phase : [...phase, ...trouble, ...ending(before, after)]
}

/** Once 15 minutes before the end and once in the last two; not when that is all the session was ever meant to last. */
function ending(before: SessionStatus, after: SessionStatus): Happening[] {
  const is = conditionOf(after, "ExpiringSoon")
  if (!is || before.startedAt === undefined || conditionOf(before, "ExpiringSoon")?.reason === is.reason) return []
  return [{ type: "Warning", reason: "ExpiringSoon", message: is.message }]
}

function phaseEvent({ phase = "Pending", release, conditions, expiresAt }: SessionStatus): Happening {
  const message = (type: string) => conditions?.find((one) => one.type === type)?.message ?? ""
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
      return { type: "Warning", reason: release?.reason ?? "Failed", message: release?.message ?? "" }
    default:
      return { type: "Normal", reason: phase, message: `Nothing is left. ${release?.message ?? ""}` }
  }
}
