import { execFile } from "node:child_process"
import { access } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { RecoveryError } from "../api/reasons.ts"

/** The files of the guest appliance. */
export interface Appliance {
  readonly kernel: string
  readonly initrd: string
}

/**
 * Finds the appliance: in the folder that FILE_RECOVERY_APPLIANCE names (as in the container image), otherwise in the cache,
 * where it is built when it is absent (appliance/build.sh; a minute the first time, `progress` gets its lines).
 * Rejects with GuestFailed and what to do; with UsageError where there is nothing to build it from.
 */
export async function prepareAppliance(progress: (line: string) => void = () => undefined): Promise<Appliance> {
  const folder = process.env["FILE_RECOVERY_APPLIANCE"]
  if (folder === undefined || folder === "") return check(await build(progress), "appliance/build.sh")
  return check(folder, "FILE_RECOVERY_APPLIANCE")
}

/** A program that was installed has nothing to build them from. */
const absent =
  "The micro-VM's files, vmlinux and initrd, are not on this machine: FILE_RECOVERY_APPLIANCE must name their folder. The engine's container image has them in /appliance; in a clone of the repository, `npm run appliance` builds them and says where."

async function build(progress: (line: string) => void): Promise<string> {
  const script = fileURLToPath(new URL("../../appliance/build.sh", import.meta.url))
  await access(script).catch((cause: unknown) => {
    throw new RecoveryError("UsageError", absent, { cause })
  })
  const running = promisify(execFile)(script, { maxBuffer: 16 << 20 })
  running.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    for (const line of text.split("\n")) if (line !== "") progress(line)
  })
  try {
    const { stdout } = await running
    return stdout.trimEnd().split("\n").at(-1) ?? ""
  } catch (cause) {
    const stderr = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trimEnd() : String(cause)
    const last = stderr.split("\n").slice(-3).join("; ")
    throw new RecoveryError("GuestFailed", `The guest appliance can't be built: ${last}`, { cause })
  }
}

async function check(folder: string, origin: string): Promise<Appliance> {
  const appliance = { kernel: join(folder, "vmlinux"), initrd: join(folder, "initrd") }
  for (const file of Object.values(appliance)) {
    await access(file).catch((cause: unknown) => {
      throw new RecoveryError(
        "GuestFailed",
        `${file} can't be read; ${origin} names its folder. Build it: npm run appliance.`,
        { cause },
      )
    })
  }
  return appliance
}
