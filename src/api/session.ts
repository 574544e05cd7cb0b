import { z } from "zod"
import { API_VERSION, SESSION_KIND } from "./group.ts"
import { sessionSpec } from "./spec.ts"
import type { SessionSpecInput } from "./spec.ts"
import { sessionStatus } from "./status.ts"
import type { SessionStatus } from "./status.ts"
import type { ObjectMeta } from "./metadata.ts"

/** The body of a FileRecoverySession without the parts every object has. The CRD is rendered from this. */
export const sessionSchema = z
  .object({ spec: sessionSpec, status: sessionStatus.optional() })
  .describe(
    "FileRecoverySession makes the files of a recovery point readable for a while: it clones the snapshots, serves the clones read-only, mounts what is on them in a micro-VM and offers the files. When it ends, everything made for it is gone.",
  )

/** A session as the API server gives it. Defaults were filled in there, but an older object may lack them: parse the spec. */
export interface FileRecoverySession {
  apiVersion: typeof API_VERSION
  kind: typeof SESSION_KIND
  metadata: ObjectMeta
  spec: SessionSpecInput
  status?: SessionStatus
}
