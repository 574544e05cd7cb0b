import type { ObjectMeta } from "../api/metadata.ts"
import { API_VERSION, ATTACHMENT_KIND, FIELD_MANAGER } from "../api/group.ts"
import { INSTANCE_LABEL, ROLE_LABEL, SESSION_LABEL, SESSION_UID_LABEL } from "../api/labels.ts"
import type { Blueprint } from "./blueprint.ts"

type Role = "attachment" | "clone" | "conversion" | "target" | "restore" | "access" | "copy"

type Origin = Pick<Blueprint, "session"> & { installation: Pick<Blueprint["installation"], "instance"> }

/** Labels of everything that is made for a session. Backup tools skip it by the last one. */
export function labels({ session, installation }: Origin, role: Role): Record<string, string> {
  return {
    [SESSION_LABEL]: sessionLabel(session.name),
    [SESSION_UID_LABEL]: session.uid,
    [INSTANCE_LABEL]: installation.instance,
    [ROLE_LABEL]: role,
    "app.kubernetes.io/name": "file-recovery",
    "app.kubernetes.io/component": role,
    "app.kubernetes.io/managed-by": FIELD_MANAGER,
    "velero.io/exclude-from-backup": "true",
  }
}

/** A session's name as a label's value, which is shorter. */
export function sessionLabel(name: string): string {
  return name.slice(0, 63).replace(/[-.]+$/, "")
}

/** Labels that select the pods of one role of one session. */
export function podSelector(
  { session }: Pick<Blueprint, "session">,
  role: "target" | "restore" | "copy",
): Record<string, string> {
  return { [SESSION_UID_LABEL]: session.uid, [ROLE_LABEL]: role }
}

/** Metadata of an object the attachment owns: with a foreground deletion the attachment is gone only after all of them. */
export function metadata(
  blueprint: Blueprint,
  name: string,
  role: Role,
  { controller = false, more = {} }: { controller?: boolean; more?: Record<string, string> } = {},
): ObjectMeta {
  const { name: owner, uid } = blueprint.owner
  const reference = { apiVersion: API_VERSION, kind: ATTACHMENT_KIND, name: owner, uid, blockOwnerDeletion: true }
  return {
    name,
    namespace: blueprint.session.namespace,
    labels: { ...labels(blueprint, role), ...more },
    ownerReferences: [controller ? { ...reference, controller } : reference],
  }
}
