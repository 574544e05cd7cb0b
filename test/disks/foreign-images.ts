import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { cachedFolder, cachePath } from "../support/guest/image-cache.ts"

/** Disks that other systems made: too large for the repository, but in the sources of Debian packages. */
export interface ForeignImages {
  /** Where they are once they were fetched. */
  readonly folder: string
  /** Fetches them unless they are there. Rejects with apt's words, or tar's. */
  readonly fetch: () => Promise<void>
}

/**
 * Those that cryptsetup is tested with: bitlk-*.img, which Windows encrypted with BitLocker, and their startup keys, *.BEK.
 * Their file systems were cut out by those who made them, but for the first sector.
 */
export const bitlockerImages = images("bitlocker-2.6.1", [
  "cryptsetup/bookworm",
  "cryptsetup_2.6.1.orig.tar.gz",
  "b8adeb071bb396a1a8515f1d54b4cc8901a536d0da3f5970971beb2ec8427c17",
  "cryptsetup-2.6.1/tests/bitlk-images.tar.xz",
  "1",
])

/** Those that libldm is tested with: ldm-2003r2-*.img and ldm-2008r2-*.img, dynamic disks of Windows Server. */
export const dynamicDiskImages = images("libldm-0.2.5", [
  "libldm/bookworm",
  "libldm_0.2.5.orig.tar.gz",
  "61bb2f2367b1df59f818cb96794d1770a0def956bd2c343dccf1425dae3021b5",
  "libldm-libldm-0.2.5/test/data/ldm-data.tar.xz",
  "0",
])

function images(name: string, source: readonly string[]): ForeignImages {
  const script = join(import.meta.dirname, "workshop/fetch-source")
  return {
    folder: cachePath(name),
    fetch: async () => {
      await cachedFolder(name, async (dir) => void (await promisify(execFile)(script, [...source, dir])))
    },
  }
}
