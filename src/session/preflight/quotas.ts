import { formatQuantity, parseQuantity } from "../quantity.ts"
import { needsOfPods, needsOfSession } from "./needs.ts"
import type { ObservedQuota, PlannedClone, PlannedPod, QuotaScope } from "./observed.ts"

/**
 * What of a ResourceQuota has no room for a session, in words; undefined: it has. The whole session is counted together:
 * the API server looks at one object at a time, and would refuse the last after the others were made.
 */
export function whatIsTooSmall(
  { name, hard, used, scopes }: ObservedQuota,
  clones: readonly PlannedClone[],
  pods: readonly PlannedPod[],
): string | undefined {
  const needs =
    scopes.length === 0
      ? needsOfSession(clones, pods)
      : needsOfPods(pods.filter((pod) => scopes.every((scope) => isWithin(scope, pod))))
  const short = Object.entries(hard).flatMap(([resource, limit]) => {
    const [needed = 0n, most, now] = [needs.get(resource), parseQuantity(limit), parseQuantity(used[resource] ?? "0")]
    if (needed === 0n || most === undefined || now === undefined || now + needed <= most) return []
    const unit = /memory|storage$/.test(resource) ? "bytes" : "number"
    return [`${resource}: ${used[resource] ?? "0"} of ${limit} used, ${formatQuantity(needed, unit)} needed`]
  })
  return short.length === 0 ? undefined : `ResourceQuota ${name} has no room: ${short.join("; ")}`
}

/** Whether a quota of this scope counts the pod. One that nobody knows here counts none: the API server will say. */
function isWithin({ name, operator, values }: QuotaScope, pod: PlannedPod): boolean {
  switch (name) {
    case "Terminating":
      return pod.hasDeadline
    case "NotTerminating":
      return !pod.hasDeadline
    case "BestEffort":
      return !asksForCompute(pod)
    case "NotBestEffort":
      return asksForCompute(pod)
    case "PriorityClass":
      return isOfClass(pod.priorityClassName, operator, values)
    default:
      return false
  }
}

function asksForCompute({ containers }: PlannedPod): boolean {
  return containers.some(({ requests, limits }) => {
    const asked = { ...requests, ...limits }
    return "cpu" in asked || "memory" in asked
  })
}

function isOfClass(priorityClass: string | undefined, operator: string, values: readonly string[]): boolean {
  if (operator === "Exists") return priorityClass !== undefined
  if (operator === "DoesNotExist") return priorityClass === undefined
  const isNamed = priorityClass !== undefined && values.includes(priorityClass)
  return operator === "In" ? isNamed : operator === "NotIn" && !isNamed
}
