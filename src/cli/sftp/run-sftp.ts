import { spawn } from "node:child_process"
import { RecoveryError } from "../../api/reasons.ts"

/**
 * Runs OpenSSH's `sftp`, which has the terminal, to its end; at the signal it is asked to end. Rejects with CommandFailed when
 * there is no such program, or when it ends otherwise than well: its own words are on stderr then.
 */
export async function runSftp(args: readonly string[], signal: AbortSignal): Promise<void> {
  const child = spawn("sftp", args, { stdio: "inherit" })
  const stop = () => void child.kill("SIGTERM")
  signal.addEventListener("abort", stop, { once: true })
  if (signal.aborted) stop()
  try {
    const how = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
      child.once("error", reject).once("close", (code, signal) => resolve(code ?? signal))
    })
    if (how === "SIGINT") throw new RecoveryError("Interrupted", "Interrupted.")
    if (how !== 0) throw new RecoveryError("CommandFailed", `sftp ended with ${how}; its own words are above.`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error
    throw new RecoveryError(
      "CommandFailed",
      "There is no program sftp on this machine: install OpenSSH's client (Debian: openssh-client), or use another program with --print.",
    )
  } finally {
    signal.removeEventListener("abort", stop)
  }
}
