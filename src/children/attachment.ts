import type { FileRecoveryAttachment } from "../api/attachment.ts"
import { API_VERSION, ATTACHMENT_KIND } from "../api/group.ts"
import { labels } from "./metadata.ts"
import { namesOf } from "./names.ts"
import type { SessionRef } from "./names.ts"

/**
 * The object that owns everything of a session. It has no owner itself: when a session is deleted in the foreground the
 * garbage collector deletes its dependents at once and would overtake the release.
 */
export function attachmentManifest(session: SessionRef, instance: string): FileRecoveryAttachment {
  return {
    apiVersion: API_VERSION,
    kind: ATTACHMENT_KIND,
    metadata: {
      name: namesOf(session).base,
      namespace: session.namespace,
      labels: labels({ session, installation: { instance } }, "attachment"),
    },
    spec: { sessionName: session.name, sessionUid: session.uid },
  }
}
