/** How the API calls itself. Whoever names a kind, the finalizer or the field manager takes it from here. */
export const GROUP = "filerecovery.dev"
export const VERSION = "v1alpha1"
export const API_VERSION = `${GROUP}/${VERSION}`

export const SESSION_KIND = "FileRecoverySession"
export const SESSION_PLURAL = "filerecoverysessions"
export const COPY_KIND = "FileRecoveryCopy"
export const COPY_PLURAL = "filerecoverycopies"
export const ATTACHMENT_KIND = "FileRecoveryAttachment"
export const ATTACHMENT_PLURAL = "filerecoveryattachments"

/** Holds a deleted session until everything that was made for it is gone. */
export const FINALIZER = `${GROUP}/release`
/** Also what the objects it makes say of who manages them. */
export const FIELD_MANAGER = "file-recovery-operator"
