import { execFile } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"

export interface OpenSshOptions {
  /** A directory for the key and the known host, and the client's own. */
  readonly work: string
  readonly port: number
  readonly hostKey: string
  /** OpenSSH's format, PEM. */
  readonly privateKey: string
}

/** OpenSSH's own clients on loopback, with this key and no other, and nobody to ask. Rejects with what they say. */
export function openSsh(
  program: "sftp" | "scp",
  { work, port, hostKey, privateKey }: OpenSshOptions,
  words: readonly string[],
  input = "",
): Promise<{ stdout: string; stderr: string }> {
  const [key, hosts] = [join(work, "key"), join(work, "known_hosts")]
  writeFileSync(key, privateKey, { mode: 0o600 })
  writeFileSync(hosts, `[127.0.0.1]:${port} ${hostKey}\n`)
  const options = ["-F", "none", "-P", String(port), "-i", key, "-o", `UserKnownHostsFile=${hosts}`]
  const strict = ["-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"]
  const run = promisify(execFile)(program, [...options, ...strict, ...words], { cwd: work, encoding: "latin1" })
  run.child.stdin?.end(Buffer.from(input, "latin1"))
  return run
}
