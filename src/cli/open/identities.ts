import { createSecretKey, randomBytes } from "node:crypto"
import { LONGEST_TTL } from "../../api/duration.ts"
import { type ChapCredentials, deriveCredentials } from "../../credentials/derive.ts"
import type { Identity } from "../../pki/identity.ts"
import { createAuthority, loadAuthority } from "../../pki/authority.ts"
import { issueLeaf } from "../../pki/leaf.ts"
import { authorizePeer, type Role, sessionUri } from "../../pki/peer.ts"

/** Who is who in a session that lives in one process. */
export interface Identities {
  readonly target: Identity
  readonly restore: Identity
  readonly isTarget: (certificate: { readonly raw?: Buffer }) => boolean
  readonly isRestore: (certificate: { readonly raw?: Buffer }) => boolean
  readonly chap: ChapCredentials
}

/** An authority nobody else knows, kept in memory, with certificates for both ends, valid as long as a session may last. */
export function makeIdentities(uid: string, now: Date): Identities {
  const notAfter = new Date(now.getTime() + LONGEST_TTL)
  // certificates count whole seconds: the authority must not end within the last one of its leaves
  const end = new Date(notAfter.getTime() + 1000)
  const authority = loadAuthority(createAuthority({ name: "File Recovery (local)", notBefore: now, notAfter: end }))
  const identity = (role: Role, usages: ("client" | "server")[]): Identity => {
    const leaf = issueLeaf(authority, { uri: sessionUri(uid, role), dnsNames: [], usages, notBefore: now, notAfter })
    return { key: leaf.keyPem, cert: leaf.certPem, ca: authority.trustPem }
  }
  return {
    target: identity("target", ["server"]),
    restore: identity("restore", ["client", "server"]),
    isTarget: authorizePeer(sessionUri(uid, "target")),
    isRestore: authorizePeer(sessionUri(uid, "restore")),
    chap: deriveCredentials(createSecretKey(randomBytes(32)), uid).chap,
  }
}
