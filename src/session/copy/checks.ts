import { ownSessionName } from "../../children/copy.ts"
import { type Verdict, verdict } from "../verdict.ts"
import type { ObservedCopy } from "./observed.ts"

/** What a check finds in the way: `ends`: for good. */
interface Found {
  why: Verdict
  ends?: true
  createSession?: true
}

type Check = (observed: ObservedCopy) => Found | undefined

const ends = (why: Verdict): Found => ({ why, ends: true })
const over = ["Unmounting", "Unmounted", "Expired", "Failed"]

const policies: Check = ({ policiesMissing }) =>
  policiesMissing.length === 0
    ? undefined
    : { why: verdict("PolicyMissing", `These are not there: ${policiesMissing.join(", ")}.`) }

const restored: Check = ({ copy }) =>
  copy.restored === undefined
    ? undefined
    : ends(verdict("Restored", `A backup tool brought this copy back (${copy.restored}): it copies nothing.`))

const valid: Check = ({ spec, specProblem = "" }) =>
  spec ? undefined : ends(verdict("SpecInvalid", `The spec is not valid: ${specProblem}.`))

/** Otherwise the second would meet what the first has written. */
const namesDiffer: Check = ({ spec }) => {
  const names = (spec?.paths ?? []).map(({ volume, path }) => path.split("/").findLast((part) => part !== "") ?? volume)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice === undefined) return undefined
  return ends(verdict("SpecInvalid", `Two of the paths would be called ${twice}; copy them into two directories.`))
}

const sessionIsThere: Check = ({ copy, spec, status, session }) => {
  if (session && session.uid === (status.session?.uid ?? session.uid)) return undefined
  const name = spec?.session?.name ?? ownSessionName(copy)
  if (status.session) return ends(verdict("SessionEnded", `Session ${name} was deleted.`))
  if (spec?.session) return { why: verdict("SessionNotFound", `There is no FileRecoverySession ${name}.`) }
  return { why: verdict("Starting", `Session ${name} is made.`), createSession: true }
}

const sessionIsOurs: Check = ({ spec, session }) =>
  spec?.session || session?.isOwn !== false
    ? undefined
    : ends(
        verdict(
          "Forbidden",
          `FileRecoverySession ${session.name} was not made for this copy. Name the copy otherwise.`,
        ),
      )

const sessionGoesOn: Check = ({ session }) =>
  session && (session.deleting || over.includes(session.phase))
    ? ends(verdict("SessionEnded", `Session ${session.name} has ended: ${session.words}`))
    : undefined

const sessionIsReady: Check = ({ session }) =>
  session?.phase === "Ready" && session.files
    ? undefined
    : { why: { reason: "NotReady", message: `Waiting for session ${session?.name}: ${session?.words}` } }

const destinationIsThere: Check = ({ spec, destination }) => {
  const name = spec?.destination.persistentVolumeClaim.name
  if (!destination || destination.deleting)
    return {
      why: verdict(
        "DestinationNotFound",
        `PersistentVolumeClaim ${name} ${destination ? "is being deleted" : "does not exist"}.`,
      ),
    }
  if (destination.volumeMode === "Filesystem") return undefined
  return ends(verdict("DestinationUnfit", `PersistentVolumeClaim ${name} has volumeMode ${destination.volumeMode}.`))
}

/** Each looks at one thing; the first that finds something decides, so order is precedence. */
export const checks: readonly Check[] = [
  policies,
  restored,
  valid,
  namesDiffer,
  sessionIsThere,
  sessionIsOurs,
  sessionGoesOn,
  sessionIsReady,
  destinationIsThere,
]
