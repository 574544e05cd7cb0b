import { constants } from "node:fs"
import { open } from "node:fs/promises"
import { displayName } from "../../files/names.ts"
import { splitPath } from "../../files/path.ts"
import type { FilesClient, Place } from "../../client/files-client.ts"
import { memberPath } from "../../extract/member-path.ts"
import { childPath } from "../../extract/part-file.ts"
import type { HashProgress } from "../../client/hashes.ts"
import { sha256Of } from "../sha256/sha256-of.ts"
import type { Destination } from "./destination.ts"

const { O_NOFOLLOW, O_RDONLY } = constants

export interface Verified {
  readonly files: number
  /** Those that are not what the session has, or are not here. */
  readonly different: number
}

/**
 * Compares what was copied with what the session says now of the same place, file by file, by SHA-256; what is here is read
 * again. `isTree`: the place is a directory, and its files lie below the destination.
 */
export async function verifyCopy(
  files: FilesClient,
  place: Place,
  { to, isTree, ...options }: { to: Destination; isTree: boolean; signal: AbortSignal; progress: HashProgress },
  differs: (name: string, why: string) => void,
): Promise<Verified> {
  let count = 0
  let different = 0
  for await (const { sum, name } of files.sha256(place, options)) {
    const components = isTree ? memberPath(name, { as: to.name, from: place.components }) : [to.name]
    const why = await problemOf(components.reduce(childPath, to.directory), sum)
    count++
    if (why === undefined) continue
    different++
    differs(displayName(splitPath(name).at(-1) === undefined ? to.name : name), why)
  }
  return { files: count, different }
}

async function problemOf(path: Buffer, sum: string): Promise<string | undefined> {
  try {
    await using file = await open(path, O_RDONLY | O_NOFOLLOW)
    const bytes = file.createReadStream({ autoClose: false, highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>
    return (await sha256Of(bytes)) === sum ? undefined : "its content is another"
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? "it is not here" : (error as Error).message
  }
}
