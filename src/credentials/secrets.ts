import type { KeyObject } from "node:crypto"
import type { Authority } from "../pki/authority.ts"
import { issueLeaf } from "../pki/leaf.ts"
import { sessionUri } from "../pki/peer.ts"
import { LEAF_MARGIN_MS } from "../pki/validity.ts"
import { deriveCredentials } from "./derive.ts"

export interface SecretOptions {
  readonly uid: string
  /** DNS names under which the two Services are reached, most used first. */
  readonly serviceNames: { readonly target: readonly string[]; readonly files: readonly string[] }
}

/** Contents of a session's three Secrets, file name to text: one per pod, one for the user. */
export interface SecretContents {
  readonly target: Record<string, string>
  readonly restore: Record<string, string>
  readonly access: Record<string, string>
}

/**
 * Issues both pods' certificates, valid until 10 minutes past the session's hard end, and lays out who gets what: the
 * target pod knows no password of users, the restore pod only its hash and a public key, and a user nothing of the data path. The 10
 * minutes are for clocks that are ahead, and for the release of a session that lasted to the end.
 */
export function secretContents(
  authority: Authority,
  masterKey: KeyObject,
  { uid, serviceNames }: SecretOptions,
  now: Date,
  hardEnd: Date,
): SecretContents {
  const notAfter = new Date(hardEnd.getTime() + LEAF_MARGIN_MS)
  const { chap, access } = deriveCredentials(masterKey, uid)
  const ca = { "ca.crt": authority.trustPem }
  const chapFile = { "chap.json": JSON.stringify(chap) }
  const leaf = (role: "target" | "restore", dnsNames: readonly string[], usages: readonly ("client" | "server")[]) => {
    const pair = issueLeaf(authority, { uri: sessionUri(uid, role), dnsNames, usages, notBefore: now, notAfter })
    return { "tls.crt": pair.certPem, "tls.key": pair.keyPem }
  }
  const { username, password, passwordSha256, sshPublicKey } = access
  return {
    target: { ...leaf("target", serviceNames.target, ["server"]), ...ca, ...chapFile },
    restore: {
      // it logs in to the target as a client and serves files as a server
      ...leaf("restore", serviceNames.files, ["client", "server"]),
      ...ca,
      ...chapFile,
      "access.json": JSON.stringify({ username, passwordSha256, sshPublicKey }),
    },
    access: { ...ca, username, password },
  }
}
