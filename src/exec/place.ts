import { RecoveryError } from "../api/reasons.ts"
import type { Place } from "../client/files-client.ts"
import { displayName, parseName } from "../files/names.ts"
import { joinPath, pathComponents } from "../files/path.ts"

/** The components of a path, `/VOLUME/PATH` below `directory`, as people write it (`\xNN` is a byte). Throws UsageError, UnsafePath. */
export function componentsOf(text: string, directory: readonly Buffer[] = []): Buffer[] {
  const path = parseName(text)
  if (path[0] === 0x2f) return pathComponents(path)
  return [...directory, ...pathComponents(Buffer.concat([Buffer.from("/"), path]))]
}

/** The place in a volume; undefined where all volumes are. */
export function placeOf([volume, ...components]: readonly Buffer[]): Place | undefined {
  return volume && { volume: volume.toString(), components }
}

/** As the system's own programs say it. */
export function wordsOf(error: unknown): string {
  const { code, message } = error as Partial<RecoveryError>
  if (code === "PathNotFound") return "No such file or directory"
  if (code === "NotADirectory") return "Not a directory"
  return displayName(Buffer.from(message ?? String(error)))
}

export const shown = (components: readonly Buffer[]) => displayName(joinPath(components))
