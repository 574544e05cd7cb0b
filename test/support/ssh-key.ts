import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export interface SshKeyPair {
  /** OpenSSH's format, PEM. */
  readonly private: string
  /** A line as in authorized_keys. */
  readonly public: string
}

/** A key pair by ssh-keygen: one of 256 that the ssh2 library makes is broken (it drops a leading zero). */
export function makeSshKey(type: "ed25519" | "rsa" | "ecdsa" = "ed25519"): SshKeyPair {
  const dir = mkdtempSync(join(tmpdir(), "ssh-key-"))
  try {
    const bits = type === "rsa" ? ["-b", "2048"] : []
    execFileSync("ssh-keygen", ["-q", "-t", type, ...bits, "-N", "", "-C", "a comment", "-f", join(dir, "key")])
    return { private: readFileSync(join(dir, "key"), "utf8"), public: readFileSync(join(dir, "key.pub"), "utf8") }
  } finally {
    rmSync(dir, { recursive: true })
  }
}
