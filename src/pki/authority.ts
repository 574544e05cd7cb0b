import { createPrivateKey, generateKeyPairSync, X509Certificate, type KeyObject } from "node:crypto"
import { RecoveryError } from "../api/reasons.ts"
import { buildCertificate } from "./certificate.ts"

/** A certificate (or a bundle, the newest first) and the private key of the first one, both PEM. */
export interface PemPair {
  readonly certPem: string
  readonly keyPem: string
}

/** The installation's certificate authority, ready to issue. */
export interface Authority {
  readonly certificate: X509Certificate
  readonly key: KeyObject
  /** What peers should trust: every certificate of the bundle, so that an old authority stays valid after rotation. */
  readonly trustPem: string
}

/** A new authority with a key of its own, ECDSA P-256. Instants are used as given. */
export function createAuthority(options: { name: string; notBefore: Date; notAfter: Date }): PemPair {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const fields = {
    commonName: options.name,
    publicKey,
    notBefore: options.notBefore,
    notAfter: options.notAfter,
    authority: true,
    usages: [],
    names: { uris: [], dnsNames: [], ipAddresses: [] },
  }
  return { certPem: buildCertificate(fields, privateKey), keyPem: exportKey(privateKey) }
}

/** Checks that the pair belongs together and may sign; rejects anything else than an ECDSA P-256 authority. */
export function loadAuthority(pems: PemPair): Authority {
  const certificate = parse(() => new X509Certificate(pems.certPem), "The authority's certificate can't be read")
  const key = parse(() => createPrivateKey(pems.keyPem), "The authority's key can't be read")
  if (key.asymmetricKeyType !== "ec" || key.asymmetricKeyDetails?.namedCurve !== "prime256v1")
    throw new RecoveryError("Internal", "The authority's key is not ECDSA P-256; supply one that is.")
  if (!certificate.checkPrivateKey(key))
    throw new RecoveryError(
      "Internal",
      "The authority's key does not belong to its certificate; supply a matching pair.",
    )
  if (!certificate.ca)
    throw new RecoveryError("Internal", "The authority's certificate is not marked CA:TRUE; supply an authority.")
  return { certificate, key, trustPem: pems.certPem }
}

/** PKCS #8 (RFC 5958) as PEM: a secret. */
export function exportKey(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString()
}

function parse<T>(read: () => T, failure: string): T {
  try {
    return read()
  } catch {
    // the cause is left out: it could quote what was to be a key
    throw new RecoveryError("Internal", `${failure}; it must be PEM.`)
  }
}
