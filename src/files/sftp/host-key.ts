import { createPrivateKey } from "node:crypto"
import { type SshKey, sshKeyFrom } from "../../credentials/ssh-key.ts"

/**
 * The host key of a session: derived from the private key of its certificate, so it is the same after a restart of the pod,
 * another in each session, and tells nothing of what it came from.
 */
export function hostKeyFrom(sessionKey: string): SshKey {
  return sshKeyFrom(createPrivateKey(sessionKey).export({ type: "pkcs8", format: "der" }), "SSH host key")
}
