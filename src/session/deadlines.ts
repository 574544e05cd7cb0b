import type { Instant, Observed } from "./observed.ts"
import type { ControlCall } from "./plan.ts"
import { instant, timestamp } from "./time.ts"

/** What a pod's deadline may differ from the session's: the way of an answer, and clocks that nearly agree. */
const TOLERANCE_MS = 5000

/** Pods end by themselves at their deadline; whoever has another one than the session is told. */
export function deadlines({ target, restore }: Observed, expiresAt: Instant): ControlCall[] {
  const deadline = timestamp(expiresAt)
  const call = { do: "deadline" as const, deadline }
  const differs = (answer: Observed["target"] | Observed["restore"]) =>
    answer !== undefined &&
    "report" in answer &&
    !(Math.abs((instant(answer.report.deadline) ?? Number.NaN) - expiresAt) <= TOLERANCE_MS)
  return [
    ...(target && differs(target) ? [{ role: "target" as const, podName: target.podName, ...call }] : []),
    ...(restore && differs(restore) ? [{ role: "restore" as const, podName: restore.podName, ...call }] : []),
  ]
}
