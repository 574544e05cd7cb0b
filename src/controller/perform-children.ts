import type { FileRecoveryAttachment } from "../api/attachment.ts"
import { RecoveryError } from "../api/reasons.ts"
import { attachmentManifest } from "../children/attachment.ts"
import { type Blueprint, wishesOf } from "../children/blueprint.ts"
import { claimManifest } from "../children/claim.ts"
import { contentManifest, snapshotManifest } from "../children/conversion.ts"
import type { Manifest } from "../children/manifest.ts"
import { namesOf } from "../children/names.ts"
import { networkPolicyManifests } from "../children/network-policies.ts"
import { restorePodManifest } from "../children/restore-pod.ts"
import { secretManifests } from "../children/secrets.ts"
import { serviceManifests } from "../children/services.ts"
import { targetPodManifest } from "../children/target-pod.ts"
import { secretContents } from "../credentials/secrets.ts"
import { KubeError } from "../kube/errors.ts"
import { kinds } from "../kube/kinds.ts"
import type { KubeObject, Service } from "../kube/objects.ts"
import { inUse } from "../session/clones.ts"
import { isHashed } from "../session/hashing.ts"
import type { Observed } from "../session/observed.ts"
import type { Plan, Provision } from "../session/plan.ts"
import type { Refusal } from "../session/refusals.ts"
import { hardEnd, instant, timestamp } from "../session/time.ts"
import type { ReconcilerDeps } from "./deps.ts"

/** Creates the attachment, once in a session's life, and says its UID. An attachment from before a crash is found again. */
export async function ensureAttachment(
  { kube, settings }: ReconcilerDeps,
  { session }: Observed,
): Promise<{ name: string; uid: string }> {
  const manifest = attachmentManifest(session, settings.instance)
  const { name } = manifest.metadata
  const created = await kube.create<FileRecoveryAttachment & KubeObject>(kinds.FileRecoveryAttachment, manifest)
  const found = created.created
    ? created.object
    : await kube.get<typeof manifest & KubeObject>(kinds.FileRecoveryAttachment, name, session.namespace)
  if (found?.metadata.uid === undefined || found.spec.sessionUid !== session.uid)
    throw new RecoveryError("Internal", `FileRecoveryAttachment ${name} belongs to another session.`)
  return { name, uid: found.metadata.uid }
}

/** What the manifests are made from: all of it is in the status and the settings. */
export function blueprintOf(
  { settings, now }: ReconcilerDeps,
  { session, spec, status: written }: Observed,
  status: Plan["status"],
  uid: string,
): Blueprint {
  const names = namesOf(session)
  const startedAt = instant(status.startedAt) ?? now().getTime()
  return {
    session,
    owner: { name: names.base, uid },
    installation: settings,
    disks: inUse(status.clones ?? []).map(({ claim }, index) => ({
      name: status.recoveryPoints?.[index]?.disk ?? claim,
      claim,
      serial: names.serial(index),
    })),
    ...pointsOf(status.recoveryPoints),
    ...(spec && wishesOf(spec)),
    ...(spec?.access?.clients && { clients: spec.access.clients }),
    // only what is written down for good need not be hashed again
    ...(spec?.verifySource && { hashDisks: isHashed(written) ? "after" : "before-and-after" }),
    deadline: status.expiresAt ?? timestamp(hardEnd(startedAt)),
    activeDeadlineSeconds: Math.max(1, Math.ceil((hardEnd(startedAt) - now().getTime()) / 1000)),
  }
}

/** When each of several recovery points was taken: its newest snapshot. */
function pointsOf(chosen: Plan["status"]["recoveryPoints"] = []): Pick<Blueprint, "points"> {
  const byPoint = Map.groupBy(chosen, ({ point = 0 }) => point)
  if (byPoint.size < 2) return {}
  const times = [...byPoint]
    .sort(([a], [b]) => a - b)
    .map(
      ([, disks]) =>
        disks
          .map(({ time }) => time)
          .sort()
          .at(-1) ?? "",
    )
  return { points: times }
}

/**
 * Makes what is missing, as much at once as may be: the restore pod's guest boots while the clone is being bound.
 * Only the pods come last, for what keeps others from them must be there before. Returns what the API server refused.
 */
export async function ensureChildren(
  deps: ReconcilerDeps,
  provision: Provision,
  blueprint: Blueprint,
  startedAt: number,
): Promise<Refusal[]> {
  const { kube } = deps
  const attempts = new Attempts()
  const services = serviceManifests(blueprint)
  let targetHost = ""
  await Promise.all([
    ...provision.contents.map((content) =>
      attempts.make("claim", () => kube.create(kinds.VolumeSnapshotContent, contentManifest(blueprint, content))),
    ),
    ...provision.snapshots.map((snapshot) =>
      attempts.make("claim", () => kube.create(kinds.VolumeSnapshot, snapshotManifest(blueprint, snapshot))),
    ),
    ...provision.claims.map((claim) =>
      attempts.make("claim", () => kube.create(kinds.PersistentVolumeClaim, claimManifest(blueprint, claim))),
    ),
    ...(provision.surroundings
      ? [
          ...networkPolicyManifests(blueprint).map((policy) =>
            attempts.make("surroundings", () => kube.apply<Manifest>(kinds.NetworkPolicy, policy)),
          ),
          ...secrets(deps, blueprint, startedAt).map((secret) =>
            attempts.make("surroundings", () => kube.create(kinds.Secret, secret)),
          ),
          attempts.make("surroundings", () => kube.apply(kinds.Service, services.files)),
          attempts.make("surroundings", async () => {
            const applied = (await kube.apply<Manifest>(kinds.Service, services.target)) as Service
            targetHost = applied.spec?.clusterIP ?? ""
          }),
        ]
      : []),
  ])
  if (attempts.refusals.length > 0) return attempts.done()
  await Promise.all(
    provision.pods.map(({ role, name }) =>
      attempts.make(role, () =>
        kube.create(
          kinds.Pod,
          role === "target" ? targetPodManifest(blueprint, name) : restorePodManifest(blueprint, name, targetHost),
        ),
      ),
    ),
  )
  return attempts.done()
}

/** The certificates end with the session's hard end, give or take a clock: nothing is served after it, whoever fails. */
function secrets({ authority, masterKey, now }: ReconcilerDeps, blueprint: Blueprint, startedAt: number): Manifest[] {
  const { session } = blueprint
  const names = namesOf(session)
  const dnsNames = (role: "target" | "restore") => [
    names.serverName(role),
    names.service(role),
    `${names.service(role)}.${session.namespace}`,
  ]
  const serviceNames = { target: dnsNames("target"), files: dnsNames("restore") }
  const texts = secretContents(
    authority(),
    masterKey(),
    { uid: session.uid, serviceNames },
    now(),
    new Date(hardEnd(startedAt)),
  )
  return secretManifests(blueprint, texts)
}

/** Collects refusals, which conditions will tell, and keeps other failures until all attempts have ended. */
class Attempts {
  readonly refusals: Refusal[] = []
  readonly #failures: unknown[] = []

  async make(about: Refusal["about"], attempt: () => Promise<unknown>): Promise<void> {
    try {
      await attempt()
    } catch (error) {
      if (error instanceof KubeError && !error.retryable)
        this.refusals.push({ about, reason: error.code, message: error.message })
      else this.#failures.push(error)
    }
  }

  done(): Refusal[] {
    if (this.#failures.length > 0) throw this.#failures[0]
    return this.refusals
  }
}
