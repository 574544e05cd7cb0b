import { createHash } from "node:crypto"
import { constants } from "node:fs"
import { access, readFile, realpath, stat } from "node:fs/promises"
import { delimiter, join } from "node:path"

/** Everything a saved state depends on. */
export interface StateParts {
  /** QEMU's arguments, without the directory of its sockets: machine, memory, CPUs, devices, translation buffer, kernel. */
  readonly args: readonly string[]
  /** QEMU's program, kernel and initramfs, as identityOf tells them apart. */
  readonly files: readonly string[]
  /** The boot of this machine: a guest measured at its own boot how fast the time stamp counter runs, which is the host's. */
  readonly bootId: string
}

/** The name of the state that fits: equal parts, equal name. */
export function stateKey({ args, files, bootId }: StateParts): string {
  return createHash("sha256")
    .update(JSON.stringify([args, files, bootId]))
    .digest("hex")
    .slice(0, 32)
}

/** Reads what stateKey needs to know of this machine. Rejects when a file isn't there. */
export async function readStateParts(
  program: string,
  args: readonly string[],
  files: readonly string[],
): Promise<StateParts> {
  const all = [await findProgram(program), ...files]
  const bootId = await readFile("/proc/sys/kernel/random/boot_id", "latin1")
  return { args, files: await Promise.all(all.map(identityOf)), bootId: bootId.trim() }
}

/**
 * Which file this is and when it was last changed. Not its hash: QEMU, kernel and initramfs are 120 MB, and a time of change
 * (ctime) can't be set back.
 */
async function identityOf(path: string): Promise<string> {
  const { dev, ino, size, ctimeNs } = await stat(path, { bigint: true })
  return [path, dev, ino, size, ctimeNs].join(":")
}

async function findProgram(name: string): Promise<string> {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, name)
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return realpath(path)
  }
  throw new Error(`${name} is not in PATH`)
}
