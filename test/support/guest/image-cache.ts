import { createHash } from "node:crypto"
import { mkdir, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const sources = ["build-vm.ts", "image-cache.ts", "images.ts", "tree.ts", "vm-images.ts"]

/**
 * A folder of test images, made once for the sources that make them: what is in the cache under their hash is complete.
 * Returns the folder; `make` fills it when it is new. `more` are sources that only these images are made by.
 */
export async function cachedImages(
  name: string,
  make: (dir: string) => Promise<void>,
  more: readonly string[] = [],
): Promise<string> {
  const hash = createHash("sha256")
  for (const source of [...sources, ...more])
    hash.update(await readFile(fileURLToPath(new URL(source, import.meta.url))))
  return cachedFolder(`${name}-${hash.digest("hex").slice(0, 16)}`, make)
}

/** Where a folder of that name is, or will be; the name has to say all that its content depends on. */
export function cachePath(name: string): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "file-recovery", "test-images", name)
}

/** A folder that is filled once, and complete when it is there. Returns it. */
export async function cachedFolder(name: string, make: (dir: string) => Promise<void>): Promise<string> {
  const dir = cachePath(name)
  const cache = dirname(dir)
  if (await exists(dir)) return dir
  await mkdir(cache, { recursive: true })
  const fresh = await mkdtemp(join(cache, "new-"))
  try {
    await make(fresh)
    await rename(fresh, dir)
  } catch (error) {
    await rm(fresh, { recursive: true, force: true })
    if (!(await exists(dir))) throw error // somebody else was quicker
  }
  return dir
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
