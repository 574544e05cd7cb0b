import { GROUP } from "./group.ts"

/** Labels of everything that is made for a session. The name may be cut to what a label holds; the UID never is. */
export const SESSION_LABEL = `${GROUP}/session`
export const SESSION_UID_LABEL = `${GROUP}/session-uid`
/** Which installation of the operator made it. */
export const INSTANCE_LABEL = `${GROUP}/instance`
export const ROLE_LABEL = `${GROUP}/role`
/** On the pod and NetworkPolicies of a FileRecoveryCopy, which are of the session it reads from as well. */
export const COPY_LABEL = `${GROUP}/copy`
export const COPY_UID_LABEL = `${GROUP}/copy-uid`
/** On restore pods that mount Secrets of spec.unlock; a policy looks at those. */
export const UNLOCK_LABEL = `${GROUP}/unlock`

/** Velero sets it on every object that it restores, to the name of the restore. */
export const RESTORE_LABEL = "velero.io/restore-name"
