import { mkdir } from "node:fs/promises"
import type { Preserved } from "../api/copy.ts"
import { RecoveryError } from "../api/reasons.ts"
import type { FilesClient, Place } from "../client/files-client.ts"
import type { CopyResult } from "../control/copy-result.ts"
import { childPath } from "../extract/part-file.ts"
import { displayName } from "../files/names.ts"
import { joinPath } from "../files/path.ts"
import { journalName, Names, statOf } from "./destination.ts"
import { asReason, goesOn } from "./failures.ts"
import { Journal } from "./journal.ts"
import type { Conflict } from "./options.ts"
import { copyPlace } from "./walk.ts"

export interface PullOptions {
  readonly files: FilesClient
  readonly places: readonly Place[]
  /** The mounted claim. */
  readonly destination: string
  /** Below it; made where it is missing. */
  readonly directory: readonly Buffer[]
  readonly conflict: Conflict
  readonly preserve?: readonly Preserved[]
  readonly copyId: string
  /** Of pods before this one that did not say what became of them. */
  readonly lostPods?: number
  readonly signal: AbortSignal
  readonly retrying: (why: string) => void
  /** Told the result while the journal is still there. */
  readonly tell: (result: CopyResult) => Promise<void>
  readonly stepBytes?: number
}

/** Failures that are told in full; all are counted. */
const maxTold = 64

/**
 * Copies places of a session into a directory, or goes on with that where an earlier call was killed. Never rejects: what
 * ends it is in the result. The journal goes when nothing is left that another call could do better.
 */
export async function pull(options: PullOptions): Promise<CopyResult> {
  const told: CopyResult["failures"] = []
  const kinds = new Set<string>()
  let failed = 0
  let skipped = 0
  let journal: Journal | undefined
  let stopped: RecoveryError | undefined
  try {
    const root = await openRoot(options)
    const waiting = () => options.retrying("an earlier pod of this copy still writes")
    const path = childPath(root, journalName(options.copyId))
    journal = await Journal.open(path, options.signal, waiting).catch(unwritable)
    skipped = journal.counts.skipped
    const walk = {
      ...options,
      journal,
      isBlind: journal.isNew && (options.lostPods ?? 0) > 0,
      names: new Names(options.conflict),
      keepsOwner: options.preserve?.includes("Owner") === true,
      keepsAttributes: options.preserve?.includes("Attributes") === true,
      skipped: () => void skipped++,
      failed: ({ volume, components }: Place, error: unknown) => {
        const { code, message } = asReason(error)
        failed++
        kinds.add(code)
        const path = displayName(joinPath([Buffer.from(volume), ...components]))
        if (told.length < maxTold) told.push({ path, reason: code, message })
      },
    }
    for (const [at, place] of options.places.entries()) await copyPlace(root, place, { ...walk, at })
  } catch (error) {
    stopped = asReason(error)
  }
  const { files, bytes } = journal?.counts ?? { files: 0, bytes: 0 }
  const result = outcome({ files, bytes, skipped, failed, failures: told }, stopped, kinds)
  if (goesOn(stopped)) await journal?.close()
  else {
    // told before the journal goes: whoever is killed in between has told, and nobody begins again without it
    await options.tell(result)
    await journal?.remove().catch(() => undefined)
  }
  return result
}

function outcome(
  counts: Omit<CopyResult, "reason" | "message">,
  stopped: RecoveryError | undefined,
  kinds: ReadonlySet<string>,
): CopyResult {
  const { files, failed } = counts
  if (stopped) return { reason: stopped.code, message: stopped.message, ...counts }
  if (failed === 0) return { reason: "Copied", message: `Files and links copied: ${files}.`, ...counts }
  const reason = kinds.size === 1 && kinds.has("DestinationExists") ? "DestinationExists" : "CopyIncomplete"
  return { reason, message: `Files and links copied: ${files}; not copied: ${failed}.`, ...counts }
}

/** The directory that all goes into, made where it is missing; no link of the claim's is followed. */
async function openRoot({ destination, directory }: PullOptions): Promise<Buffer> {
  let path: Buffer = Buffer.from(destination)
  for (const component of directory) {
    path = childPath(path, component)
    const there = await statOf(path)
    if (there === undefined) await mkdir(path).catch(unwritable)
    else if (!there.isDirectory())
      throw new RecoveryError("DestinationUnfit", `${displayName(component)} in the claim is not a directory.`)
  }
  return path
}

function unwritable(error: NodeJS.ErrnoException): never {
  if (error.code !== "EACCES" && error.code !== "EPERM") throw error
  const user = process.getuid?.()
  throw new RecoveryError("DestinationReadOnly", `User ${user} may not write in the directory of the claim.`)
}
