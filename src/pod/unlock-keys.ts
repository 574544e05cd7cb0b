import { readFile } from "node:fs/promises"
import { join } from "node:path"
import type { Logger } from "pino"
import type { UnlockKey } from "../guest/unlock-key.ts"
import { Sensitive } from "../observability/sensitive.ts"

/** A key of a Secret that the kubelet has mounted, if there is such. */
export interface UnlockSecret {
  readonly name: string
  readonly key: string
}

/** The name that each Secret's key has as a file, whatever it is called there. */
export const unlockFile = "key"

/**
 * Reads the keys of `spec.unlock` from `dir/0/key`, `dir/1/key`..., anew each time: the kubelet brings later what was
 * absent at first. One that can't be read is not there, and the volume it was meant for says so: no reason to have no session.
 */
export function readUnlockKeys(dir: string, secrets: readonly UnlockSecret[], log: Logger): Promise<UnlockKey[]> {
  return Promise.all(
    secrets.map(async ({ name, key }, index): Promise<UnlockKey> => {
      const called = `key ${key} of Secret ${name}`
      try {
        return { name: called, value: new Sensitive(await readFile(join(dir, String(index), unlockFile))) }
      } catch (error) {
        log.warn({ secret: name, key, code: (error as NodeJS.ErrnoException).code }, "an unlock key is not there")
        return { name: called, value: undefined }
      }
    }),
  )
}
