import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { cachedFolder, cachePath } from "../support/guest/image-cache.ts"

const name = "bitlocker-2.6.1"

/** Where the disks are that Windows encrypted, once fetchBitlockerImages has been called. */
export const bitlockerImages = cachePath(name)

/** Fetches them unless they are there. Rejects with apt's words, or tar's. */
export async function fetchBitlockerImages(): Promise<void> {
  const script = join(import.meta.dirname, "workshop/fetch-bitlocker")
  await cachedFolder(name, async (dir) => void (await promisify(execFile)(script, [dir])))
}
