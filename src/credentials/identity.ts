import type { Authority } from "../pki/authority.ts"
import type { Identity } from "../pki/identity.ts"
import { issueLeaf } from "../pki/leaf.ts"
import { sessionUri } from "../pki/peer.ts"

const validMs = 60 * 60_000

/**
 * The operator's identity towards the pods of one session: made on demand, kept in memory, valid for an hour at most.
 * Ask for a new one when `now` comes within a few minutes of the end of the last.
 */
export function operatorIdentity(authority: Authority, uid: string, now: Date): Identity {
  const end = Math.min(now.getTime() + validMs, authority.certificate.validToDate.getTime())
  const leaf = issueLeaf(authority, {
    uri: sessionUri(uid, "operator"),
    dnsNames: [],
    usages: ["client"],
    notBefore: now,
    notAfter: new Date(end),
  })
  return { key: leaf.keyPem, cert: leaf.certPem, ca: authority.trustPem }
}
