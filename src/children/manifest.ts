import type { ObjectMeta } from "../api/metadata.ts"

/** An object as it is sent to the API server. */
export interface Manifest {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  [field: string]: unknown
}
