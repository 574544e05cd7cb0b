import type { Volume } from "./catalogue.ts"
import type { SessionHost } from "./session.ts"
import { runVerb } from "./verb.ts"

/** Not more of them are looked at. */
const maxVolumes = 32

/**
 * blkid knows no NTFS whose MFT is damaged: its boot sector still says what it is, and when it is mounted the kernel says what
 * is wrong with it. Of the volumes those that are such, as what they are.
 */
export async function damagedNtfs(
  host: SessionHost,
  volumes: readonly Volume[],
  signal: AbortSignal,
): Promise<readonly (readonly [before: Volume, after: Volume])[]> {
  const found: [Volume, Volume][] = []
  const unknown = volumes.filter(({ kind, device }) => kind === "unknown" && device !== "")
  for (const volume of unknown.slice(0, maxVolumes)) {
    const { path, stack, device, sizeBytes, label } = volume
    if (!(await beginsAsNtfs(host, device, signal))) continue
    const named = { path, stack, device, sizeBytes, ...(label === undefined ? {} : { label }) }
    found.push([volume, { ...named, kind: "filesystem", filesystem: "ntfs", state: "Available" }])
  }
  return found
}

async function beginsAsNtfs(host: SessionHost, device: string, signal: AbortSignal): Promise<boolean> {
  try {
    const failed = () => new Unreadable()
    const sector = await runVerb(host, "sectors", [device, "0", "1"], { failed, signal })
    return sector.toString("latin1", 3, 11) === "NTFS    "
  } catch (error) {
    if (error instanceof Unreadable) return false
    throw error
  }
}

class Unreadable extends Error {}
