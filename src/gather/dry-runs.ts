import { LONGEST_TTL } from "../api/duration.ts"
import type { SessionSpec } from "../api/spec.ts"
import { type Blueprint, type Installation, wishesOf } from "../children/blueprint.ts"
import { claimManifest } from "../children/claim.ts"
import type { Manifest } from "../children/manifest.ts"
import { namesOf } from "../children/names.ts"
import type { PodRole, SessionRef } from "../children/names.ts"
import { restorePodManifest } from "../children/restore-pod.ts"
import { targetPodManifest } from "../children/target-pod.ts"
import type { KubeClient } from "../kube/client.ts"
import { KubeError } from "../kube/errors.ts"
import { type KindRef, kinds } from "../kube/kinds.ts"
import type { PlannedClone, PlannedPod, TriedRefusal, Unread } from "../session/preflight/observed.ts"
import { parseQuantity } from "../session/quantity.ts"
import { timestamp } from "../session/time.ts"
import { disguised } from "./disguise.ts"
import { plannedPod } from "./planned-pod.ts"
import { isMissingRight } from "./unread.ts"

export interface DryRunOptions {
  readonly kube: Pick<KubeClient, "create">
  readonly session: SessionRef
  readonly spec: SessionSpec
  readonly installation: Installation
  readonly clones: readonly PlannedClone[]
  /** Milliseconds since 1970. */
  readonly now: number
  /** Whoever is not the operator may not use its names. */
  readonly isOperator: boolean
}

/** What became of one object: as it would be, or as it was sent where it would not be made. */
interface Tried {
  object: Manifest
  refusal?: TriedRefusal
  unread?: Unread
}

/**
 * Sends the very pods of a session, and its smallest and its largest claim of each class, to the API server without having
 * them made. Whatever would refuse them speaks for itself: Pod Security, LimitRanges, quotas, webhooks, policies.
 * What it says comes in the same order each time, or a condition would never come to rest.
 */
export async function dryRun(
  options: DryRunOptions,
): Promise<{ pods: PlannedPod[]; refusals: TriedRefusal[]; unread: Unread[] }> {
  const blueprint = preview(options)
  const names = namesOf(options.session)
  const [claims, target, restore] = await Promise.all([
    Promise.all(
      extremes(options.clones).map(({ claim: name, ...clone }) =>
        attempt(options, "claim", kinds.PersistentVolumeClaim, claimManifest(blueprint, { name, ...clone })),
      ),
    ),
    tryPod(options, "target", targetPodManifest(blueprint, names.pod("target", 0))),
    tryPod(options, "restore", restorePodManifest(blueprint, names.pod("restore", 0), names.service("target"))),
  ])
  const tried = [...claims, target, restore]
  return {
    pods: [target.pod, restore.pod],
    refusals: tried.flatMap(({ refusal }) => refusal ?? []),
    unread: tried.flatMap(({ unread }) => unread ?? []),
  }
}

async function tryPod(options: DryRunOptions, role: PodRole, manifest: Manifest): Promise<Tried & { pod: PlannedPod }> {
  const tried = await attempt(options, role, kinds.Pod, manifest)
  const pod = plannedPod(role, tried.object)
  return { ...tried, pod: { ...pod, labels: { ...manifest.metadata.labels, ...pod.labels } } }
}

async function attempt(
  { kube, isOperator }: DryRunOptions,
  about: TriedRefusal["about"],
  kind: KindRef,
  object: Manifest,
): Promise<Tried> {
  try {
    const made = await kube.create(kind, isOperator ? object : disguised(object), { dryRun: true })
    return { object: made.created ? made.object : object }
  } catch (error) {
    if (!(error instanceof KubeError) || !isAnswer(error)) throw error
    const { message: words, code } = error
    if (isMissingRight(error) || /does not support dry run/.test(words))
      return { object, unread: { what: `${kind.kind} of the session (${about})`, why: words } }
    const refused = about === "claim" ? "ClaimRefused" : "PodRefused"
    return { object, refusal: { about, reason: code === "QuotaExceeded" ? code : refused, words } }
  }
}

/** Nobody looks for the attachment before something is kept, so its UID may be any, and so may the times of points. */
function preview({ session, spec, installation, clones, now }: DryRunOptions): Blueprint {
  const names = namesOf(session)
  return {
    session,
    owner: { name: names.base, uid: session.uid },
    installation,
    disks: clones.map(({ disk, claim }, index) => ({ name: disk, claim, serial: names.serial(index) })),
    ...(spec.recoveryPoints && { points: spec.recoveryPoints.map(() => timestamp(now)) }),
    ...wishesOf(spec),
    deadline: timestamp(now + LONGEST_TTL),
    activeDeadlineSeconds: LONGEST_TTL / 1000,
  }
}

/** Somebody looked at the object and said no. A webhook that fails would keep it from being made for real as well. */
const isAnswer = ({ retryable, status, message }: KubeError) =>
  !retryable || (status === 500 && message.includes("webhook"))

type KnownClone = PlannedClone & { storageClassName: string }

/** Limits of claims are about their size, so these two of a class stand for all of it. */
function extremes(clones: readonly PlannedClone[]): KnownClone[] {
  const known = clones.filter((clone): clone is KnownClone => clone.storageClassName !== undefined)
  return [...new Set(known.map(({ storageClassName }) => storageClassName))].flatMap((name) => {
    const size = ({ size }: PlannedClone) => parseQuantity(size) ?? 0n
    const ofClass = known
      .filter(({ storageClassName }) => storageClassName === name)
      .sort((a, b) => Number(size(a) - size(b)))
    return [...new Set([ofClass[0], ofClass.at(-1)])].flatMap((one) => one ?? [])
  })
}
