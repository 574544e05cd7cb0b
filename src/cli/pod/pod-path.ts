import { RecoveryError } from "../../api/reasons.ts"

/** A directory of a running pod: `[NAMESPACE/]POD:/PATH`, as `kubectl cp` writes it. */
export interface PodPath {
  readonly namespace?: string
  readonly pod: string
  readonly path: string
}

const pattern = /^(?:pods?\/)?(?:([a-z0-9][a-z0-9-]*)\/)?([a-z0-9][a-z0-9.-]*):(\/.*)$/s

/** Reads a destination; undefined for a path of this machine. One that looks like a pod's is reached as `./NAME:/...`. */
export function parsePodPath(text: string): PodPath | undefined {
  const [, namespace, pod, path] = pattern.exec(text) ?? []
  if (pod === undefined || path === undefined) return undefined
  if (path.includes("\0")) throw new RecoveryError("UnsafePath", "A path holds no NUL byte.")
  return { pod, path, ...(namespace !== undefined && { namespace }) }
}
