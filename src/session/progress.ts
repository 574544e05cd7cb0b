import type { CloneStatus, HashingStatus } from "../api/status.ts"
import { aboutClients } from "./clients.ts"
import { conditionOf } from "./conditions.ts"
import type { Wanted } from "./conditions.ts"
import { howFar } from "./hashing.ts"
import type { Answer, Observed, ObservedPod, RestoreReport, TargetReport } from "./observed.ts"
import { whyNotRunning } from "./pod-trouble.ts"
import type { Succession } from "./succession.ts"
import { verdict } from "./verdict.ts"
import type { Verdict } from "./verdict.ts"

type Progress = { holds: boolean } & Verdict

export interface Parts {
  clones: readonly CloneStatus[]
  /** Clones that can't be made yet, and what each waits for. */
  waiting: ReadonlyMap<string, Verdict>
  target: Succession
  /** Absent: it is not its turn yet, because the disks are hashed first. */
  restore: Succession | undefined
  hashing: HashingStatus | undefined
}

/** How far each part of the data path is, as conditions. `Ready` holds when all of them do. */
export function progress(observed: Observed, { clones, waiting, target, restore, hashing }: Parts): Wanted {
  const VolumesReady = volumesReady(observed, clones, waiting)
  const TargetServing = part(observed, "TargetServing", target, observed.target, (report, pod) =>
    serving(report, pod, hashing),
  )
  const Mounted = restore
    ? part(observed, "Mounted", restore, observed.restore, mounted)
    : notYet(verdict("Hashing", "The disks are hashed before they are mounted."))
  const first = [VolumesReady, TargetServing, Mounted].find(({ holds }) => !holds)
  const Ready = first ?? yes("Mounted", `${readable(observed)}${aboutClients(observed)}`)
  return { VolumesReady, TargetServing, Mounted, Ready }
}

const readable = ({ session }: Observed) => `Files can be read: kubectl recover ls ${session.name}:/`

const ONLY_BLOCK = "(Cloned from a Filesystem claim as Block: its driver must be able to.)"

const yes = (reason: Verdict["reason"], message: string): Progress => ({ holds: true, reason, message })
const notYet = (why: Verdict): Progress => ({ holds: false, ...why })

function volumesReady(
  { claims }: Observed,
  clones: readonly CloneStatus[],
  waiting: ReadonlyMap<string, Verdict>,
): Progress {
  const pending = clones.find(({ claim }) => claims.find(({ name }) => name === claim)?.phase !== "Bound")
  if (!pending)
    return yes("Bound", clones.length === 1 ? "The clone is there." : `All ${clones.length} clones are there.`)
  const before = waiting.get(pending.claim)
  if (before) return notYet(before)
  const title = `PersistentVolumeClaim ${pending.claim}`
  const warning = claims.find(({ name }) => name === pending.claim)?.warning
  return notYet(
    warning === undefined
      ? verdict("Cloning", `${title} waits for its volume.`)
      : verdict("CloneFailed", `${title}: ${warning}${pending.content ? ` ${ONLY_BLOCK}` : ""}`),
  )
}

/** A pod that runs but doesn't answer once keeps what it had: a lost answer proves nothing, a lost pod is seen as such. */
function part<R>(
  { status }: Observed,
  type: "TargetServing" | "Mounted",
  { current, name, lost }: Succession,
  answer: Answer<R> | undefined,
  read: (report: R, pod: ObservedPod) => Progress,
): Progress {
  if (!current) return notYet(lost ?? verdict("Starting", `Pod ${name} is being created.`))
  if (answer?.podName === current.name && "report" in answer) return read(answer.report, current)
  const before = conditionOf(status, type)
  if (before?.status === "True" && current.phase === "Running")
    return { holds: true, reason: before.reason as Verdict["reason"], message: before.message }
  if (current.phase !== "Running" || !answer || !("unreachable" in answer)) return notYet(whyNotRunning(current))
  return notYet(verdict("Starting", `Pod ${current.name} runs but does not answer yet: ${answer.unreachable}`))
}

function serving({ state, disks }: TargetReport, { name }: ObservedPod, hashing: HashingStatus | undefined): Progress {
  if (state === "Hashing" && hashing)
    return notYet(verdict("Hashing", `Pod ${name} hashes its disks before serving them: ${howFar(hashing)}.`))
  if (state !== "Serving") return notYet(verdict("Releasing", `Pod ${name} is ${state}.`))
  return yes(
    "Serving",
    disks.length === 1 ? "1 disk is served read-only." : `${disks.length} disks are served read-only.`,
  )
}

/** Without figures: they would change with every look. */
const tooLittleCpu =
  "Its micro-VM gets too little CPU on its node and takes longer for that: raise the chart's resources.guest (requests and limits), or run less on that node."

function mounted({ state, volumes, shortOfCpu, error }: RestoreReport, { name }: ObservedPod): Progress {
  if (state === "Ready") {
    const count = volumes.filter((volume) => volume.state === "Mounted" || volume.state === "Available").length
    return yes("Mounted", `${count} of ${volumes.length} volumes can be read.`)
  }
  if (state === "Failed") return notYet(verdict("GuestFailed", `Pod ${name}: ${error?.message ?? "no message"}`))
  if (state === "Mounting") {
    const slow = shortOfCpu ? ` ${tooLittleCpu}` : ""
    return notYet(verdict("Mounting", `Pod ${name} looks for volumes and mounts them.${slow}`))
  }
  return notYet(verdict(state === "Starting" ? "Starting" : "Releasing", `Pod ${name} is ${state}.`))
}
