import { createHash } from "node:crypto"

/** The identity of a session, as everything that is made for it needs it. */
export interface SessionRef {
  namespace: string
  name: string
  uid: string
}

/** First 8 hex digits of the UID's hash: unlike the UID it says nothing about who made it when. */
export function shortHash(uid: string): string {
  return createHash("sha256").update(uid).digest("hex").slice(0, 8)
}

const PREFIX = "frsess-"

/** Whether something is called as only what is made for sessions is. */
export function isOurName(name: string | undefined): boolean {
  return name?.startsWith(PREFIX) === true
}

/** Names of everything that is made for a session: `frsess-<session, cut>-<hash>[-...]`. */
export interface Names {
  /** The attachment's name, and what all others begin with. */
  base: string
  /** `generation` counts the clones of a disk from 0: a node that is lost keeps the one it has. */
  claim: (disk: number, generation?: number) => string
  /** The temporary VolumeSnapshot of a disk whose volume mode is converted, and its content: that is unique in the cluster. */
  snapshot: (disk: number) => string
  /** `generation` counts replacements from 0. */
  pod: (role: PodRole, generation: number) => string
  service: (role: PodRole) => string
  /** The name in the certificate of the pod behind the Service. */
  serverName: (role: PodRole) => string
  secret: (role: PodRole | "access") => string
  policy: (role: PodRole) => string
  /** SCSI serial number of a disk. */
  serial: (disk: number) => string
  targetIqn: string
}

export type PodRole = "target" | "restore"

/** All names of one session. They depend on nothing but its namespace, name and UID, so nobody has to remember them. */
export function namesOf({ namespace, name, uid }: SessionRef): Names {
  const hash = shortHash(uid)
  const base = `${PREFIX}${name.slice(0, 30).replace(/[-.]+$/, "")}-${hash}`
  // Service names are single DNS labels, so dots of the session's name can't stay in them.
  const service = (role: PodRole) => `${base.replaceAll(".", "-")}-${role === "target" ? "target" : "files"}`
  return {
    base,
    claim: (disk, generation = 0) => (generation === 0 ? `${base}-d${disk}` : `${base}-d${disk}-${generation}`),
    snapshot: (disk) => `${base}-s${disk}`,
    pod: (role, generation) => `${base}-${role}-${generation}`,
    service,
    serverName: (role) => `${service(role)}.${namespace}.svc`,
    secret: (role) => `${base}-${role}`,
    policy: (role) => `${base}-${role}`,
    serial: (disk) => `${hash}-${disk}`,
    targetIqn: `iqn.2026-11.dev.filerecovery:${uid}`,
  }
}

/** Whether an object's name is one of the session's. */
export function isNameOf(session: SessionRef, name: string): boolean {
  const { base } = namesOf(session)
  return [base, base.replaceAll(".", "-")].some((own) => name === own || name.startsWith(`${own}-`))
}

/** Which replacement a pod is: the number at the end of its name, -1 for a name that isn't ours. */
export function podGeneration(podName: string): number {
  return Number(/-(?:target|restore)-([0-9]{1,9})$/.exec(podName)?.[1] ?? -1)
}

/** Which clone of its disk a claim is, by its name; 0 for the first. */
export function claimGeneration(claim: string): number {
  return Number(/-d[0-9]{1,2}-([0-9]{1,9})$/.exec(claim)?.[1] ?? 0)
}

/** Whether a name is that of something made for a copy from the session, which the session itself doesn't need. */
export function isOfCopy(name: string): boolean {
  return /-copy-[0-9a-f]{8}-[a-z0-9]+$/.test(name)
}
