import { verdict } from "../verdict.ts"
import type { Verdict } from "../verdict.ts"
import type { ObservedPreflight, TriedRefusal } from "./observed.ts"
import { opens } from "./openings.ts"
import { whatIsTooSmall } from "./quotas.ts"

/** Each check looks at one thing before anything is made. All that speak are told: whoever mends one should know the others. */
type PreflightCheck = (preflight: ObservedPreflight) => Verdict[]

const driverMissing: PreflightCheck = ({ missingDrivers }) =>
  missingDrivers.map((driver) =>
    verdict("DriverMissing", `CSI driver ${driver}, which the snapshot is of, is not installed.`),
  )

/** The guest asks for the resource, so its pod would wait for a node for ever. */
const kvmUnavailable: PreflightCheck = ({ kvm }) =>
  kvm?.resource !== undefined && kvm.isOffered === false
    ? [verdict("KvmUnavailable", `No node that sessions may run on offers ${kvm.resource}.`)]
    : []

const quotaExceeded: PreflightCheck = ({ quotas, clones, pods }) => {
  const short = quotas.flatMap((quota) => whatIsTooSmall(quota, clones, pods) ?? [])
  return short.length === 0 ? [] : [verdict("QuotaExceeded", `${short.join(". ")}.`)]
}

const WHAT: Record<TriedRefusal["about"], string> = {
  claim: "A clone",
  target: "The target pod",
  restore: "The restore pod",
}

/** A quota that was told in full is not told again in the words it has for a single object. */
const refused: PreflightCheck = (preflight) => {
  const isToldInFull = quotaExceeded(preflight).length > 0
  return preflight.refusals
    .filter(({ reason }) => !isToldInFull || reason !== "QuotaExceeded")
    .map(({ about, reason, words }) => verdict(reason, `${WHAT[about]} would be refused: ${words}`))
}

const MOST_NAMES = 5

const networkOpened: PreflightCheck = ({ networkPolicies, pods }) => {
  const names = networkPolicies.filter((policy) => pods.some((pod) => opens(policy, pod))).map(({ name }) => name)
  if (names.length === 0) return []
  const others = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ""
  const which = `${names.slice(0, MOST_NAMES).join(", ")}${others}`
  const sentence =
    names.length === 1
      ? `NetworkPolicy ${which} also applies to the session's pods and lets others reach their ports.`
      : `NetworkPolicies ${which} also apply to the session's pods and let others reach their ports.`
  return [verdict("NetworkOpened", sentence)]
}

const guestEmulated: PreflightCheck = ({ kvm }) =>
  kvm && kvm.resource === undefined ? [verdict("GuestEmulated", "The guest is emulated, not run by KVM.")] : []

const blocking = [driverMissing, kvmUnavailable, quotaExceeded, refused]
const warning = [networkOpened]
const noting = [guestEmulated]

/** What keeps a session from starting. All of it heals, so the session waits. */
export const blockers = (preflight: ObservedPreflight): Verdict[] => blocking.flatMap((check) => check(preflight))
/** What somebody should know and perhaps mend; the session starts all the same. */
export const warnings = (preflight: ObservedPreflight): Verdict[] => warning.flatMap((check) => check(preflight))
/** What is as it is. */
export const notes = (preflight: ObservedPreflight): Verdict[] => noting.flatMap((check) => check(preflight))

/** The reason is that of the first, the message that of all. */
export function together([first, ...others]: readonly Verdict[]): Verdict | undefined {
  return first && { reason: first.reason, message: [first, ...others].map(({ message }) => message).join(" ") }
}
