import { API_VERSION, COPY_KIND, SESSION_KIND } from "../api/group.ts"
import { COPY_LABEL, COPY_UID_LABEL, INSTANCE_LABEL } from "../api/labels.ts"
import type { CopySpec } from "../api/copy.ts"
import type { SessionSpecInput } from "../api/spec.ts"
import type { Manifest } from "./manifest.ts"
import { sessionLabel } from "./metadata.ts"
import { namesOf, type SessionRef, shortHash } from "./names.ts"

/** The identity of a FileRecoveryCopy. */
export type CopyRef = SessionRef

/** The name of the session that is made for a copy. */
export function ownSessionName({ name, uid }: CopyRef): string {
  return `${name.slice(0, 200).replace(/[-.]+$/, "")}-${shortHash(uid)}`
}

/** Names of what is made for a copy: all are the session's that it reads from. */
export function copyNames(session: SessionRef, copy: CopyRef) {
  const base = `${namesOf(session).base}-copy-${shortHash(copy.uid)}`
  return {
    /** `generation` counts replacements from 0. */
    pod: (generation: number) => `${base}-${generation}`,
    /** Of the copy's own pod, and of the restore pod that lets it in. */
    policy: (side: "out" | "in") => `${base}-${side}`,
  }
}

/** Labels that tell of which copy something is; besides those of its session. */
export function copyLabels({ name, uid }: CopyRef): Record<string, string> {
  return { [COPY_LABEL]: sessionLabel(name), [COPY_UID_LABEL]: uid }
}

/**
 * The session that is made for a copy. It belongs to it: when the copy is deleted, the garbage collector deletes the session,
 * which then releases what it has. Its spec is the copy's, word for word: an admission policy compares them.
 */
export function ownSessionManifest(copy: CopyRef, spec: CopySpec, instance: string): Manifest {
  const { source, recoveryPoint, unlock, journal } = spec
  const session = { source, recoveryPoint, unlock, journal } as Partial<SessionSpecInput>
  return {
    apiVersion: API_VERSION,
    kind: SESSION_KIND,
    metadata: {
      name: ownSessionName(copy),
      namespace: copy.namespace,
      labels: { ...copyLabels(copy), [INSTANCE_LABEL]: instance, "velero.io/exclude-from-backup": "true" },
      ownerReferences: [{ apiVersion: API_VERSION, kind: COPY_KIND, name: copy.name, uid: copy.uid, controller: true }],
    },
    spec: Object.fromEntries(Object.entries(session).filter(([, value]) => value !== undefined)),
  }
}
