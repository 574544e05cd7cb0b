import { LONGEST_TTL } from "../api/duration.ts"
import type { Blueprint, Installation } from "../children/blueprint.ts"
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
  readonly installation: Installation
  readonly clones: readonly PlannedClone[]
  /** Milliseconds since 1970. */
  readonly now: number
  /** Whoever is not the operator may not use its names. */
  readonly isOperator: boolean
}

interface Tried {
  pods: PlannedPod[]
  refusals: TriedRefusal[]
}

/**
 * Sends the very pods of a session, and its smallest and its largest claim of each class, to the API server without having
 * them made. Whatever would refuse them speaks for itself: Pod Security, LimitRanges, quotas, webhooks, policies.
 */
export async function dryRun(options: DryRunOptions, unread: Unread[]): Promise<Tried> {
  const { kube, session, isOperator } = options
  const blueprint = preview(options)
  const names = namesOf(session)
  const refusals: TriedRefusal[] = []

  async function attempt(about: TriedRefusal["about"], kind: KindRef, manifest: Manifest): Promise<Manifest> {
    try {
      const made = await kube.create(kind, isOperator ? manifest : disguised(manifest), { dryRun: true })
      return made.created ? made.object : manifest
    } catch (error) {
      const words = error instanceof KubeError ? error.message : ""
      if (!(error instanceof KubeError) || !isAnswer(error)) throw error
      if (isMissingRight(error) || /does not support dry run/.test(words))
        unread.push({ what: `${kind.kind} of the session (${about})`, why: words })
      else refusals.push({ about, reason: reasonOf(about, error), words })
      return manifest
    }
  }
  const tryPod = async (role: PodRole, manifest: Manifest): Promise<PlannedPod> => {
    const pod = plannedPod(role, await attempt(role, kinds.Pod, manifest))
    return { ...pod, labels: { ...manifest.metadata.labels, ...pod.labels } }
  }
  const [target, restore] = await Promise.all([
    tryPod("target", targetPodManifest(blueprint, names.pod("target", 0))),
    tryPod("restore", restorePodManifest(blueprint, names.pod("restore", 0), names.service("target"))),
    ...extremes(options.clones).map(({ claim: name, ...clone }) =>
      attempt("claim", kinds.PersistentVolumeClaim, claimManifest(blueprint, { name, ...clone })),
    ),
  ])
  return { pods: [target, restore], refusals }
}

/** Nobody looks for the attachment before something is kept, so its UID may be any. */
function preview({ session, installation, clones, now }: DryRunOptions): Blueprint {
  const names = namesOf(session)
  return {
    session,
    owner: { name: names.base, uid: session.uid },
    installation,
    disks: clones.map(({ disk, claim }, index) => ({ name: disk, claim, serial: names.serial(index) })),
    deadline: timestamp(now + LONGEST_TTL),
    activeDeadlineSeconds: LONGEST_TTL / 1000,
  }
}

/** 4xx: somebody looked at the object and said no. 500 about a webhook: it would not be made for real either. */
function isAnswer({ status, message }: KubeError): boolean {
  return status === 400 || status === 403 || status === 422 || (status === 500 && /webhook/.test(message))
}

function reasonOf(about: TriedRefusal["about"], { code }: KubeError): TriedRefusal["reason"] {
  if (code === "QuotaExceeded") return code
  return about === "claim" ? "ClaimRefused" : "PodRefused"
}

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
