import { generateKeyPairSync } from "node:crypto"
import { RecoveryError } from "../api/reasons.ts"
import { exportKey, type Authority, type PemPair } from "./authority.ts"
import { buildCertificate } from "./certificate.ts"
import { parseCertificate, subjectKeyId } from "./parse.ts"
import { LEAF_MARGIN_MS } from "./validity.ts"

export interface LeafOptions {
  /** The identity peers compare: see `sessionUri`. */
  readonly uri: string
  readonly dnsNames: readonly string[]
  readonly ipAddresses?: readonly string[]
  readonly usages: readonly ("client" | "server")[]
  /** The caller's now. The certificate starts 10 minutes earlier, so that a peer whose clock is behind accepts it. */
  readonly notBefore: Date
  readonly notAfter: Date
}

/** Issues a certificate with a random key, ECDSA P-256. Throws when it would outlive the authority. */
export function issueLeaf(authority: Authority, options: LeafOptions): PemPair {
  const issuer = parseCertificate(authority.certificate.raw)
  const authorityStart = authority.certificate.validFromDate
  const authorityEnd = authority.certificate.validToDate
  if (options.notAfter > authorityEnd)
    throw new RecoveryError(
      "Internal",
      `The authority ends at ${authorityEnd.toISOString()}, before the certificate asked for would ` +
        `(${options.notAfter.toISOString()}); renew the authority.`,
    )
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const backdated = options.notBefore.getTime() - LEAF_MARGIN_MS
  const issuerKeyId = subjectKeyId(issuer)
  const fields = {
    issuer: issuer.subject,
    ...(issuerKeyId === undefined ? {} : { issuerKeyId }),
    commonName: "File Recovery session",
    publicKey,
    notBefore: new Date(Math.max(backdated, authorityStart.getTime())),
    notAfter: options.notAfter,
    authority: false,
    usages: options.usages,
    names: { uris: [options.uri], dnsNames: options.dnsNames, ipAddresses: options.ipAddresses ?? [] },
  }
  return { certPem: buildCertificate(fields, authority.key), keyPem: exportKey(privateKey) }
}
