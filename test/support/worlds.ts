import * as fc from "fast-check"
import type { Condition } from "../../src/api/conditions.ts"
import { conditionTypes } from "../../src/api/conditions.ts"
import type { SessionStatus } from "../../src/api/status.ts"
import { phases } from "../../src/api/status.ts"
import type {
  Answer,
  Observed,
  ObservedConversion,
  ObservedPod,
  RestoreReport,
  TargetReport,
} from "../../src/session/observed.ts"
import type { Plan } from "../../src/session/plan.ts"
import * as at from "./observed.ts"
import { names, now } from "./observed.ts"

const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined })
const time = fc.integer({ min: -1e8, max: 1e8 }).map((offset) => at.iso(now + offset))
const words = fc.constantFrom("", "Error", "DeviceNotReadable", "GuestFailed", "constructor", "\u001b[0m")

const anyPod = fc.constantFrom("target" as const, "restore" as const).chain((role) =>
  fc
    .record({
      generation: fc.integer({ min: 0, max: 6 }),
      deleting: fc.boolean(),
      phase: fc.constantFrom("Pending", "Running", "Succeeded", "Failed", "Unknown" as const),
      state: fc.constantFrom("waiting", "running", "terminated" as const),
      reason: words,
      message: maybe(words),
      bare: fc.boolean(),
      placed: fc.boolean(),
      heard: fc.record({ ready: fc.boolean(), endsBy: fc.integer({ min: now - 1e8, max: now }) }, { requiredKeys: [] }),
    })
    .map(({ generation, deleting, phase, state, reason, message, bare, placed, heard }): ObservedPod => {
      const { node, ...pod } = at.pod(role, {
        name: names.pod(role, generation),
        uid: `${role}-${generation}`,
        deleting,
        phase,
        ...heard,
      })
      const container = { name: role, state, reason, ...(message !== undefined && { message }), finishedAt: now - 1000 }
      return { ...pod, ...(placed && node !== undefined && { node }), containers: bare ? [] : [container] }
    }),
)

const anyCondition = fc.record({
  type: fc.constantFrom(...conditionTypes),
  status: fc.constantFrom("True", "False", "Unknown" as const),
  reason: words,
  message: words,
  lastTransitionTime: fc.oneof(time, fc.constant("never")),
}) satisfies fc.Arbitrary<Condition>

const anyHashes = fc.record(
  {
    sha256Before: fc.constantFrom("a".repeat(64), "b".repeat(64)),
    sha256After: fc.constantFrom("a".repeat(64), "b".repeat(64)),
  },
  { requiredKeys: [] },
)
const [strandedClone = at.convertedClone()] = at.ready().status.clones ?? []

const anyStatus = fc.record(
  {
    phase: fc.constantFrom(...phases),
    pendingSince: fc.oneof(time, fc.constant("")),
    startedAt: fc.oneof(time, fc.constant("")),
    readyAt: time,
    conditions: fc.uniqueArray(anyCondition, { selector: ({ type }) => type }),
    attachment: fc.constant({ name: names.base, uid: "attachment-uid" }),
    recoveryPoints: fc.constant(at.startedStatus.recoveryPoints),
    clones: fc.constantFrom(
      [],
      at.startedStatus.clones,
      at.ready().status.clones,
      [at.convertedClone()],
      [at.convertedClone("content-uid")],
      [
        { ...at.convertedClone("content-uid"), claim: names.claim(0, 1) },
        { ...strandedClone, lostNode: "n1" },
      ],
    ),
    targets: fc.constantFrom([], at.startedStatus.targets),
    access: fc.constant(at.startedStatus.access),
    finishedAt: fc.oneof(time, fc.constant("")),
    disks: anyHashes.map((hashes) => [{ name: "data", serial: names.serial(0), sizeBytes: 1, source: "", ...hashes }]),
    hashing: fc.record({
      bytesDone: fc.nat(2 ** 30),
      bytesTotal: fc.constant(2 ** 30),
      observedAt: fc.oneof(time, fc.constant("")),
    }),
    usage: fc.record({ lastActivityAt: fc.oneof(time, fc.constant("")) }, { requiredKeys: [] }),
    release: fc.record({ reason: fc.constantFrom("UnmountRequested", "TtlEnded", "TargetLost", "") }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<SessionStatus>

const anyAnswer = <R>(role: "target" | "restore", report: fc.Arbitrary<R>): fc.Arbitrary<Answer<R> | undefined> => {
  const podName = fc.integer({ min: 0, max: 6 }).map((generation) => names.pod(role, generation))
  return maybe(fc.oneof(fc.record({ podName, report }), fc.record({ podName, unreachable: words })))
}
const anyTargetReport = fc.record(
  {
    state: fc.constantFrom("Hashing", "Serving", "Releasing", "Released" as const),
    initiators: fc.nat(2),
    deadline: fc.oneof(time, words),
    disks: anyHashes.map((hashes) => at.targetReport().disks.map((disk) => ({ ...disk, ...hashes }))),
    hashing: fc.record({ bytesDone: fc.nat(2 ** 30), bytesTotal: fc.constantFrom(0, 2 ** 30) }),
    problem: fc.constant({ reason: "DiskUnreadable", message: "EIO" }),
  },
  { requiredKeys: ["state", "initiators", "deadline", "disks"] },
)
const anyRestoreReport = fc.record({
  state: fc.constantFrom("Starting", "Mounting", "Ready", "Releasing", "Released", "Failed" as const),
  deadline: fc.oneof(time, words),
  usage: fc.record({ clients: fc.nat(2), filesRead: fc.nat(2), lastActivityAt: time }, { requiredKeys: ["clients"] }),
})

/** Temporary objects of the one disk there is. */
const anyConversion = fc.record({
  claim: fc.constant(names.claim(0)),
  snapshot: maybe(
    fc
      .record({
        ours: fc.boolean(),
        ready: fc.boolean(),
        deleting: fc.boolean(),
        error: fc.constantFrom("", "no space"),
      })
      .map((changes) => at.temporarySnapshot(changes)),
  ),
  content: maybe(
    fc
      .record({
        uid: fc.constantFrom("content-uid", "another"),
        ours: fc.boolean(),
        deleting: fc.boolean(),
        retained: fc.boolean(),
        snapshotUid: fc.constantFrom("temporary", "another"),
      })
      .map((changes) => at.temporaryContent(changes)),
  ),
})

const anyQueue = fc.record({
  limit: fc.constantFrom("namespace" as const, "cluster" as const),
  held: fc.nat(200),
  most: fc.integer({ min: 1, max: 100 }),
  position: fc.integer({ min: 1, max: 1000 }),
  waiting: fc.integer({ min: 1, max: 1000 }),
})

/** Any observation of the session of `observed.ts`, sensible or not. */
export const anyObserved = fc
  .record({
    session: fc.record(
      {
        deleting: fc.boolean(),
        createdAt: fc.integer({ min: now - 1e8, max: now }),
        restored: fc.record({ by: words }),
      },
      { requiredKeys: ["deleting", "createdAt"] },
    ),
    queue: maybe(anyQueue),
    spec: fc.constantFrom<Observed["spec"][]>(
      undefined,
      at.spec(),
      at.spec({ desiredState: "Unmounted" }),
      at.spec({ ttl: "1m" }),
      at.spec({ idleTimeout: "1m", ttlAfterFinished: "1h" }),
      at.spec({ verifySource: true }),
    ),
    status: anyStatus,
    policiesMissing: fc.subarray(["a policy"]),
    conversions: maybe(fc.array(anyConversion, { maxLength: 1 })),
    snapshots: fc.subarray([
      at.snapshot("nightly"),
      at.snapshot("filesystem", { uid: "uid-of-nightly", content: at.filesystemContent("nightly") }),
      at.snapshot("other", { ready: false }),
      at.snapshot("third", { uid: "" }),
    ]),
    attachment: maybe(fc.record({ uid: fc.constantFrom("attachment-uid", "another"), deleting: fc.boolean() })),
    claims: fc.subarray([
      at.claim(),
      at.claim({ name: names.claim(1), phase: "Pending" }),
      at.claim({ name: "x", phase: "Lost" }),
    ]),
    pods: fc.uniqueArray(anyPod, { selector: ({ name }) => name, maxLength: 5 }),
    network: fc.subarray(at.network),
    persistentVolumes: fc.subarray(["pvc-1"]),
    live: fc.boolean(),
    target: anyAnswer(
      "target",
      anyTargetReport.map((changes): TargetReport => at.targetReport(changes)),
    ),
    restore: anyAnswer(
      "restore",
      anyRestoreReport.map((changes): RestoreReport => at.restoreReport(changes as Partial<RestoreReport>)),
    ),
  })
  .map(
    ({ session, queue, snapshots, attachment, target, restore, conversions, ...rest }): Observed =>
      ({
        limits: at.pending().limits,
        ...rest,
        session: { ...at.session, ...session },
        sources: { ...at.sources, snapshots },
        attachment: attachment && { ...attachment, name: names.base, createdAt: now },
        ...(queue && { queue }),
        ...(target && { target }),
        ...(restore && { restore }),
        ...(conversions && { conversions: conversions.map((one) => JSON.parse(JSON.stringify(one)) as typeof one) }),
      }) as Observed,
  )

/**
 * The same world after a plan was carried out and some time went by: what is removed goes, what is told to release does,
 * and somebody does what only people can: a content that doesn't retain is set to.
 */
export function passTime(world: Observed, plan: Plan): Observed {
  const removed = new Set(plan.remove.map(({ uid }) => uid))
  const stays = (one: { uid: string; deleting: boolean }) => !removed.has(one.uid) && !one.deleting
  const attachment = world.attachment && stays(world.attachment) ? world.attachment : undefined
  const owned = <T extends { uid: string; deleting: boolean }>(all: T[]) =>
    attachment ? all.filter((one) => stays(one)) : []
  const told = new Set(plan.control.filter((call) => call.do === "release").map(({ podName }) => podName))
  const claims = owned(world.claims)
  const conversions = world.conversions?.map(({ claim, snapshot, content }) => ({
    claim,
    ...(snapshot && attachment && stays(snapshot) && { snapshot }),
    ...(content && stays(content) && { content: { ...content, retained: true } }),
  }))
  return {
    ...world,
    conversions: (plan.status.clones ?? []).map(
      ({ claim }) => conversions?.find((one) => one.claim === claim) ?? { claim },
    ),
    status: plan.status,
    attachment,
    claims,
    pods: owned(world.pods),
    network: owned(world.network),
    persistentVolumes: claims.length > 0 ? world.persistentVolumes : [],
    live: true,
    ...(world.target && { target: afterRelease(world.target, told) }),
    ...(world.restore && { restore: afterRelease(world.restore, told) }),
  }
}

function afterRelease<R extends TargetReport | RestoreReport>(answer: Answer<R>, told: ReadonlySet<string>): Answer<R> {
  if (!("report" in answer)) return answer
  const { report } = answer
  if (!told.has(answer.podName) && report.state !== "Releasing") return answer
  if ("initiators" in report) return { ...answer, report: { ...report, state: "Released", initiators: 0 } }
  return { ...answer, report: { ...report, state: "Released" } }
}

/** Any observation of a release that has come as far as the clones, or further. */
export const anyLateRelease = fc
  .record({
    observed: anyObserved,
    conversion: anyConversion,
    clone: fc.constantFrom(at.convertedClone(), at.convertedClone("content-uid")),
    late: fc.boolean(),
  })
  .map(({ observed, conversion, clone, late }): Observed => ({
    ...observed,
    session: { ...observed.session, deleting: true, finalizer: true },
    status: { ...observed.status, phase: "Unmounting", clones: [clone] },
    pods: [],
    claims: late ? [] : observed.claims,
    conversions: [JSON.parse(JSON.stringify(conversion)) as ObservedConversion],
  }))
