import type { VolumeStatus } from "../api/status.ts"
import { podGeneration } from "../children/names.ts"
import type { PodRole } from "../children/names.ts"
import { CONTROL_PORT } from "../children/ports.ts"
import { controlClient } from "../control/client.ts"
import type { ControlClient } from "../control/client.ts"
import type { RestoreStatus, TargetStatus } from "../control/schemas.ts"
import { operatorIdentity } from "../credentials/identity.ts"
import type { Answer, Observed, ObservedPod, RestoreReport, TargetReport } from "../session/observed.ts"
import type { ReconcilerDeps } from "./deps.ts"

const TIMEOUT_MS = 3000
/** Below this, clocks agree: what is only the way of the answer must not make numbers change. */
const CLOCK_STEP_MS = 5000

/** The control port of a pod, with an identity for this session made on the spot. */
export function controlOf<R extends PodRole>(deps: ReconcilerDeps, uid: string, role: R, ip: string): ControlClient<R> {
  const { now } = deps
  const identity = operatorIdentity(deps.authority(), uid, now())
  return controlClient({ host: ip, port: CONTROL_PORT, identity, sessionUid: uid, role, timeoutMs: TIMEOUT_MS, now })
}

/** Asks the newest running pod of each role how it is. */
export async function gatherReports(
  deps: ReconcilerDeps,
  uid: string,
  pods: readonly ObservedPod[],
): Promise<Pick<Observed, "target" | "restore">> {
  const [target, restore] = await Promise.all([
    ask(pods, "target", async (ip) => targetReport(await controlOf(deps, uid, "target", ip).status(), deps.now())),
    ask(pods, "restore", async (ip) => restoreReport(await controlOf(deps, uid, "restore", ip).status(), deps.now())),
  ])
  return { ...(target && { target }), ...(restore && { restore }) }
}

async function ask<T>(
  pods: readonly ObservedPod[],
  role: PodRole,
  read: (ip: string) => Promise<T>,
): Promise<Answer<T> | undefined> {
  const asked = pods
    .filter((pod) => pod.role === role && pod.phase === "Running" && pod.ip !== undefined)
    .sort((a, b) => podGeneration(b.name) - podGeneration(a.name))[0]
  if (asked?.ip === undefined) return undefined
  try {
    return { podName: asked.name, report: await read(asked.ip) }
  } catch (error) {
    return { podName: asked.name, unreachable: error instanceof Error ? error.message : String(error) }
  }
}

/** A time of a pod's clock by ours. Each answer says what its clock shows, so a node's clock may be wrong. */
export function byOurClock(time: string, podNow: string, now: Date): string {
  const ahead = Date.parse(podNow) - now.getTime()
  return new Date(Date.parse(time) - Math.round(ahead / CLOCK_STEP_MS) * CLOCK_STEP_MS).toISOString()
}

function targetReport(
  { state, now: podNow, deadline, disks, hashing, problem, counters }: TargetStatus,
  now: Date,
): TargetReport {
  const { initiators, bytesServed, writeAttempts } = counters
  return {
    state,
    deadline: byOurClock(deadline, podNow, now),
    disks: disks.map(({ name, serial, sizeBytes, sha256Before, sha256After }) => ({
      name,
      serial,
      sizeBytes,
      ...(sha256Before !== undefined && { sha256Before }),
      ...(sha256After !== undefined && { sha256After }),
    })),
    ...(hashing && { hashing }),
    ...(problem && { problem }),
    initiators,
    bytesServed,
    writeAttempts,
  }
}

function restoreReport(
  { state, now: podNow, deadline, volumes, shortOfCpu, usage, sftp, error }: RestoreStatus,
  now: Date,
): RestoreReport {
  const { clients, filesRead, lastActivityAt } = usage
  return {
    state,
    deadline: byOurClock(deadline, podNow, now),
    volumes: volumes.map((volume) => volumeStatus(volume)),
    ...(shortOfCpu && { shortOfCpu }),
    usage: {
      clients,
      filesRead,
      ...(lastActivityAt !== null && { lastActivityAt: byOurClock(lastActivityAt, podNow, now) }),
    },
    ...(sftp && { sftp }),
    ...(error && { error }),
  }
}

/** Only what the status has a field for: the pod may say more. */
export function volumeStatus(view: RestoreStatus["volumes"][number]): VolumeStatus {
  const { path, point, state, filesystem, label, uuid, sizeBytes, usedBytes, system, mountPoint } = view
  const { stack, journal, reason, message } = view
  const about = { point, filesystem, label, uuid, sizeBytes, usedBytes, system, mountPoint }
  const given = { ...about, stack, journal, reason, message }
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null && value !== undefined))
  return { path, state, ...present }
}
