import { parseCertificate, uriNames } from "./parse.ts"

/** Who a certificate can speak for, within one session. */
export type Role = "target" | "restore" | "operator" | "access"

/** The identity in a leaf's URI name: who, of which session. Peers compare it exactly. */
export function sessionUri(uid: string, role: Role): string {
  return `filerecovery://${uid}/${role}`
}

/**
 * The one URI name of a peer's certificate, read from its DER; undefined when it has none, several, or can't be parsed.
 * Takes tls.PeerCertificate and X509Certificate. It says who the peer claims to be: the chain is TLS's to verify.
 */
export function peerUri(certificate: { readonly raw?: Buffer }): string | undefined {
  try {
    // a peer without certificate is an empty object in node:tls
    const [uri, ...others] = certificate.raw === undefined ? [] : uriNames(parseCertificate(certificate.raw))
    return others.length === 0 ? uri : undefined
  } catch {
    return undefined
  }
}

/** A predicate for TLS servers and clients: the peer is exactly the one named `expectedUri`. */
export function authorizePeer(expectedUri: string): (certificate: { readonly raw?: Buffer }) => boolean {
  return (certificate) => peerUri(certificate) === expectedUri
}
