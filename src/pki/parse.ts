import forge from "node-forge"
import { extensionIds } from "./certificate.ts"

/**
 * Reads fields of a certificate from its DER. Node's own `subjectaltname` is a printed list whose quoting a hostile name
 * can abuse (CVE-2021-44532), so names are taken from the bytes instead.
 */
const { Class, Type } = forge.asn1

/** Context-specific tags share their field with the universal types, hence the number. */
function isTagged(item: forge.asn1.Asn1, tag: number): boolean {
  const type: number = item.type
  return item.tagClass === Class.CONTEXT_SPECIFIC && type === tag
}

/** The parts of TBSCertificate (RFC 5280 4.1) needed here. Throws when `der` is no certificate. */
export interface ParsedCertificate {
  readonly subject: forge.asn1.Asn1
  /** Values (DER, binary string) of all extensions with this object identifier. */
  extensions(id: string): string[]
}

/** Takes a DER certificate apart. */
export function parseCertificate(der: Buffer): ParsedCertificate {
  const tbs = children(children(forge.asn1.fromDer(der.toString("latin1")))[0])
  // version [0], serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, ..., extensions [3]
  const subject = tbs[5]
  if (subject === undefined) throw new TypeError("no certificate: no subject")
  const last = tbs.find((item) => isTagged(item, 3))
  const list = last === undefined ? [] : children(children(last)[0])
  return {
    subject,
    extensions: (id) => list.filter((item) => identifier(item) === id).map((item) => primitive(children(item).at(-1))),
  }
}

/** The SubjectKeyIdentifier as a binary string. */
export function subjectKeyId(certificate: ParsedCertificate): string | undefined {
  const [value] = certificate.extensions(extensionIds.subjectKeyIdentifier)
  return value === undefined ? undefined : primitive(forge.asn1.fromDer(value))
}

/** All uniformResourceIdentifier entries of the subject alternative name. */
export function uriNames(certificate: ParsedCertificate): string[] {
  const names = certificate
    .extensions(extensionIds.subjectAltName)
    .flatMap((value) => children(forge.asn1.fromDer(value)))
  return names.filter((name) => isTagged(name, 6)).map((name) => primitive(name))
}

function identifier(extension: forge.asn1.Asn1): string {
  const [id] = children(extension)
  if (id === undefined || id.type !== Type.OID) throw new TypeError("an extension without identifier")
  return forge.asn1.derToOid(forge.util.createBuffer(primitive(id)))
}

function children(item: forge.asn1.Asn1 | undefined): forge.asn1.Asn1[] {
  if (item === undefined || !Array.isArray(item.value)) throw new TypeError("no constructed ASN.1 value")
  return item.value
}

function primitive(item: forge.asn1.Asn1 | undefined): string {
  if (item === undefined || typeof item.value !== "string") throw new TypeError("no primitive ASN.1 value")
  return item.value
}
