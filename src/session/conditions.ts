import type { Condition, ConditionType } from "../api/conditions.ts"
import type { SessionStatus } from "../api/status.ts"
import type { Instant, Observed } from "./observed.ts"
import { instant, timestamp } from "./time.ts"
import type { Verdict } from "./verdict.ts"

/** Conditions as a decision words them: whether each holds, and why. What isn't mentioned is left out of the status. */
export type Wanted = { [type in ConditionType]?: ({ holds: boolean } & Verdict) | undefined }

/** The list for the status. A condition keeps the time of its last change as long as it keeps its status. */
export function conditions(
  wanted: Wanted,
  { status, session }: Pick<Observed, "status" | "session">,
  now: Instant,
): Condition[] {
  return Object.entries(wanted).flatMap(([type, state]) => {
    if (!state) return []
    const { holds, reason, message } = state
    const is = holds ? "True" : "False"
    const before = conditionOf(status, type as ConditionType)
    // Time-outs are counted from here, so a time that is none, or is yet to come, does not stay.
    const since = before?.status === is ? instant(before.lastTransitionTime) : undefined
    const isToldAlready = before?.reason === reason && hasSameWords(before.message, message)
    const lastTransitionTime = since !== undefined && since <= now ? timestamp(since) : timestamp(now)
    return {
      type: type as ConditionType,
      status: is,
      observedGeneration: session.generation,
      lastTransitionTime,
      reason,
      message: isToldAlready ? before.message : message,
    }
  })
}

/** The API server names several faults in whatever order; in another order they are no news, and would only be written. */
function hasSameWords(before: string, now: string): boolean {
  const sorted = (text: string) =>
    text
      .split(/[\s,[\]]+/)
      .sort()
      .join(" ")
  return before.length === now.length && sorted(before) === sorted(now)
}

/** The condition of this type, if the status has it. */
export function conditionOf(
  status: SessionStatus,
  type: ConditionType,
): NonNullable<SessionStatus["conditions"]>[number] | undefined {
  return status.conditions?.find((one) => one.type === type)
}

/** Conditions of the status as a decision words them, to carry on those it has nothing new to say of. */
export function keep(status: SessionStatus, ...types: ConditionType[]): Wanted {
  return Object.fromEntries(
    types.flatMap((type) => {
      const before = conditionOf(status, type)
      return before ? [[type, { holds: before.status === "True", reason: before.reason, message: before.message }]] : []
    }),
  )
}
