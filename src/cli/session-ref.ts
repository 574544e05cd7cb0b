import { RecoveryError } from "../api/reasons.ts"

/** A session as verbs name it: `NAME`, or `NAMESPACE/NAME`. */
export interface SessionRef {
  readonly namespace: string
  readonly name: string
}

/** Reads `NAME` or `NAMESPACE/NAME`. Throws UsageError for what no session can be called. */
export function parseSessionRef(text: string, usualNamespace: string): SessionRef {
  const [, namespace = usualNamespace, name] = /^(?:([a-z0-9][a-z0-9-]*)\/)?([a-z0-9][a-z0-9.-]*)$/.exec(text) ?? []
  if (name !== undefined) return { namespace, name }
  throw new RecoveryError("UsageError", `"${text}" is no session; write NAME, or NAMESPACE/NAME.`)
}
