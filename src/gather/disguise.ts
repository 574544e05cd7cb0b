import { GROUP } from "../api/group.ts"
import type { Manifest } from "../children/manifest.ts"

const RESERVED = "frsess-"

/**
 * A manifest as somebody else than the operator may send it to be looked at: names frsess-*, in it and of what it refers
 * to, labels of the group, and owners are the operator's alone. Everything that quotas, limits and Pod Security go by stays.
 */
export function disguised(manifest: Manifest): Manifest {
  const { ownerReferences: _, labels = {}, ...metadata } = manifest.metadata
  const others = Object.entries(labels).filter(([key]) => !key.startsWith(`${GROUP}/`))
  const plain = { ...manifest, metadata: { ...metadata, labels: Object.fromEntries(others) } }
  return JSON.parse(JSON.stringify(plain), (_, value: unknown) =>
    typeof value === "string" && value.startsWith(RESERVED) ? `dry-run-${value.slice(RESERVED.length)}` : value,
  ) as Manifest
}
