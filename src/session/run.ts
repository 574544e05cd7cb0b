import { MINUTE } from "../api/duration.ts"
import type { HashingStatus, SessionStatus, TargetStatus } from "../api/status.ts"
import { isOfCopy, namesOf } from "../children/names.ts"
import { HTTPS_PORT, ISCSI_PORT } from "../children/ports.ts"
import type { Choice } from "./accept.ts"
import { letsClientsIn } from "./clients.ts"
import { inUse, replaceClones, stranded } from "./clones.ts"
import { conditionOf, conditions, keep } from "./conditions.ts"
import type { Wanted } from "./conditions.ts"
import { convert, withContents } from "./conversion.ts"
import type { Conversion } from "./conversion.ts"
import { deadlines } from "./deadlines.ts"
import { expiringSoon, untilNextWarning } from "./expiring.ts"
import { hashing, isHashed, lastProgress, untilHashed } from "./hashing.ts"
import { untilIdle } from "./idle.ts"
import type { Instant, Observed } from "./observed.ts"
import type { ControlCall, Plan, Provision } from "./plan.ts"
import { notes, together, warnings } from "./preflight/checks.ts"
import { progress } from "./progress.ts"
import { publicKeys, sftpOf } from "./sftp.ts"
import { isFatal, succession } from "./succession.ts"
import type { Succession } from "./succession.ts"
import { againMs, expiry, instant, started, timestamp } from "./time.ts"
import { catalogue, everyMs, usage } from "./usage.ts"
import { isVerdict, verdict } from "./verdict.ts"
import type { Verdict } from "./verdict.ts"

/** Watches tell most of what happens; only the pods themselves have to be asked. */
const SOON_MS = 500
const MAX_RESTORE_LOSSES = 3
const MAX_TARGET_LOSSES_BEFORE_READY = 5
const RECOVERY_MS = 10 * MINUTE

/** Brings the data path up and keeps it up: phases Provisioning and Ready. A verdict means that it can't be had (any more). */
export function run(observed: Observed, chosen: Choice, now: Instant): Plan | Verdict {
  const { session, status } = observed
  const choice = { ...chosen, clones: inUse(chosen.clones) }
  const gone = snapshotGone(observed, choice)
  if (gone) return gone
  const target = succession("target", observed, status.targets?.[0]?.podName, now)
  const restore = succession("restore", observed, status.access?.podName, now)
  const startedAt = started(status, now) ?? Math.min(now, observed.attachment?.createdAt ?? now)
  const replaced = replaceClones(chosen.clones, target, observed)
  if (replaced) return note(observed, { clones: replaced })
  const clones = withContents(choice.clones, observed.conversions).map((clone) => {
    const volumeName = observed.claims.find(({ name }) => name === clone.claim)?.volumeName
    return volumeName === undefined ? clone : { ...clone, persistentVolume: volumeName }
  })
  const conversion = convert(observed, choice)
  if (isVerdict(conversion)) return conversion
  const found = catalogue(observed, choice.recoveryPoints)
  const hashed = hashing(observed, now)
  // A restore pod would give up waiting for large disks, and hold a guest's memory meanwhile.
  const hashesFirst = observed.spec?.verifySource === true && !isHashed({ ...found, clones })
  const turn = { target, restore: hashesFirst ? undefined : restore }
  const wanted = progress(observed, { clones, waiting: conversion.waiting, ...turn, hashing: hashed })
  const broken = tooManyLosses(observed, target, restore) ?? stuck(observed, { wanted, startedAt, hashed }, now)
  if (broken) return broken

  const ready = status.phase === "Ready" || wanted.Ready?.holds === true
  const expiresAt = expiry(startedAt, observed)
  const notReadyMs = now - (status.readyAt === undefined ? startedAt : (downSince(status) ?? now))
  // A target pod that no claim exists for yet would only be refused by the scheduler.
  const tooEarly = conversion.waiting.size > 0 && target.losses === 0 && !target.current
  const attachment =
    status.attachment ?? (observed.attachment && { name: observed.attachment.name, uid: observed.attachment.uid })
  const next: SessionStatus = {
    phase: ready ? "Ready" : "Provisioning",
    conditions: conditions(
      { Accepted: accepted(observed, choice), ...wanted, ExpiringSoon: expiringSoon(expiresAt, now) },
      observed,
      now,
    ),
    startedAt: timestamp(startedAt),
    ...((status.readyAt ?? ready) && { readyAt: status.readyAt ?? timestamp(now) }),
    expiresAt: timestamp(expiresAt),
    ...(attachment && { attachment }),
    recoveryPoints: choice.recoveryPoints,
    clones: [...clones, ...stranded(chosen.clones)],
    ...(!tooEarly && { targets: [targetOf(target, session)] }),
    ...(turn.restore && { access: accessOf(turn.restore, observed) }),
    ...found,
    ...(hashed && !ready && { hashing: hashed }),
    usage: usage(observed, { target: target.name, restore: turn.restore?.name }, now),
  }
  const roles = [...(tooEarly ? [] : [target]), ...(turn.restore ? [turn.restore] : [])]
  const provision = missing(observed, choice, conversion, roles)
  return {
    finalizer: session.finalizer ? "keep" : "add",
    ...(provision && { provision }),
    status: next,
    control: [...deadlines(observed, expiresAt), ...publicKeys(observed), ...(hashesFirst ? [] : mayServe(observed))],
    remove: [...target.remove, ...restore.remove].map(({ name, uid }) => ({ kind: "Pod", name, uid })),
    requeueAfterMs: Math.min(
      wanted.Ready?.holds ? everyMs(observed) : (untilHashed(observed) ?? againMs(SOON_MS, notReadyMs)),
      untilNextWarning(expiresAt, now),
      untilIdle(observed, now) ?? everyMs(observed),
    ),
  }
}

/** A step of its own: what is to be made is written down before. */
function note({ status }: Observed, change: Partial<SessionStatus>): Plan {
  return { finalizer: "keep", status: { ...status, ...change }, control: [], remove: [], requeueAfterMs: 0 }
}

function targetOf({ name }: Succession, session: Observed["session"]): TargetStatus {
  const names = namesOf(session)
  return {
    podName: name,
    service: names.service("target"),
    port: ISCSI_PORT,
    iqn: names.targetIqn,
    tlsServerName: names.serverName("target"),
  }
}

function accessOf({ name }: Succession, observed: Observed): NonNullable<SessionStatus["access"]> {
  const names = namesOf(observed.session)
  return {
    podName: name,
    service: names.service("restore"),
    httpsPort: HTTPS_PORT,
    tlsServerName: names.serverName("restore"),
    secretName: names.secret("access"),
    ...sftpOf(observed, name),
  }
}

/** A target waits for this before it serves what it has hashed. The status with the hashes is written first. */
function mayServe({ target }: Observed): ControlCall[] {
  if (!target || !("report" in target) || target.report.state !== "Hashing") return []
  return [{ role: "target", podName: target.podName, do: "serve" }]
}

/** What was found before the start is told as long as the session lasts: its reason is that of the first warning. */
function accepted({ status, preflight }: Observed, { recoveryPoints }: Choice): Wanted["Accepted"] {
  const { Accepted: before } = keep(status, "Accepted")
  if (status.startedAt !== undefined && before?.holds) return before
  const [first] = recoveryPoints
  const others = recoveryPoints.length > 1 ? ` and ${recoveryPoints.length - 1} more` : ""
  const point = verdict("Accepted", `Recovery point ${first?.time}: ${first?.kind} ${first?.name}${others}.`)
  const warned = preflight ? warnings(preflight) : []
  const all = together([point, ...warned, ...(preflight ? notes(preflight) : [])]) ?? point
  return { holds: true, ...all, reason: warned[0]?.reason ?? all.reason }
}

/**
 * Until a clone is bound its snapshot is needed, and the very one that was chosen. One that is being deleted stays for as
 * long as a claim waits for it, and the claim waits for ever: no volume is made of it any more.
 */
function snapshotGone({ status, claims, sources }: Observed, { clones, recoveryPoints }: Choice): Verdict | undefined {
  if (clones.length === 0) return verdict("Internal", "The status no longer says what was to be cloned.")
  if (status.startedAt === undefined) return undefined
  const unbound = recoveryPoints.filter(
    (_, disk) => claims.find(({ name }) => name === clones[disk]?.claim)?.phase !== "Bound",
  )
  const isThere = (wanted: string) => sources.snapshots.some(({ uid, deleting }) => uid === wanted && !deleting)
  const lost = unbound.find(({ uid }) => !isThere(uid))
  return lost && verdict("SnapshotNotFound", `VolumeSnapshot ${lost.name} was deleted before its clone was made.`)
}

function tooManyLosses({ status }: Observed, target: Succession, restore: Succession): Verdict | undefined {
  const fatal = [target.lost, restore.lost].find((lost) => lost && isFatal(lost))
  if (fatal) return verdict(fatal.reason, fatal.message)
  if (restore.losses > MAX_RESTORE_LOSSES && restore.lost)
    return verdict("RestoreLost", `The restore pod was lost too often. ${restore.lost.message}`)
  if (status.readyAt === undefined && target.losses > MAX_TARGET_LOSSES_BEFORE_READY && target.lost)
    return verdict("TargetLost", `The target pod was lost too often. ${target.lost.message}`)
  return undefined
}

/** What heals is waited for, but not for ever: the conditions remember since when. */
function stuck(
  { status, limits }: Observed,
  { wanted, startedAt, hashed }: { wanted: Wanted; startedAt: Instant; hashed: HashingStatus | undefined },
  now: Instant,
): Verdict | undefined {
  if (wanted.Ready === undefined || wanted.Ready.holds) return undefined
  const { message } = wanted.Ready
  if (status.readyAt === undefined) {
    const hashedAt = lastProgress(hashed, now)
    if (now < (hashedAt ?? startedAt) + limits.pendingTimeoutMs) return undefined
    const minutes = `${limits.pendingTimeoutMs / MINUTE} minutes`
    const when = hashedAt === undefined ? `after ${minutes}` : `${minutes} after its disks were last seen being hashed`
    return verdict("PendingTimeout", `Not ready ${when}. ${message}`)
  }
  const since = downSince(status)
  if (since === undefined || now < since + RECOVERY_MS) return undefined
  const reason = wanted.TargetServing?.holds === false ? "TargetLost" : "RestoreLost"
  return verdict(reason, `The data path was down for 10 minutes. ${message}`)
}

/** Since when a session that was Ready is not. */
function downSince(status: SessionStatus): Instant | undefined {
  const ready = conditionOf(status, "Ready")
  return ready?.status === "False" ? instant(ready.lastTransitionTime) : undefined
}

function missing(
  observed: Observed,
  choice: Choice,
  { contents, snapshots, waiting }: Conversion,
  roles: Succession[],
): Provision | undefined {
  const { session, status, attachment, claims, network } = observed
  const names = namesOf(session)
  const uid = status.attachment?.uid ?? attachment?.uid
  const absent = choice.clones.flatMap(({ claim, storageClassName, size, snapshot }, disk) =>
    waiting.has(claim) || claims.some(({ name }) => name === claim)
      ? []
      : [{ name: claim, storageClassName, size, snapshot: snapshot ?? choice.recoveryPoints[disk]?.name ?? "" }],
  )
  const pods = roles.flatMap(({ create, name }) =>
    create
      ? [{ role: name.startsWith(`${names.base}-target-`) ? ("target" as const) : ("restore" as const), name }]
      : [],
  )
  const surroundings =
    pods.length > 0 ||
    network.filter(({ name, deleting }) => !deleting && !isOfCopy(name)).length < 4 ||
    !letsClientsIn(observed)
  const steps = absent.length + contents.length + snapshots.length
  if (uid !== undefined && steps === 0 && !surroundings) return undefined
  const owner = { name: names.base, ...(uid !== undefined && { uid }) }
  return { attachment: owner, contents, snapshots, claims: absent, surroundings, pods }
}
