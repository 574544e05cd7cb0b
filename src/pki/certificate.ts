import forge from "node-forge"
import { createHash, randomBytes, sign, type KeyObject } from "node:crypto"
import { isIP } from "node:net"

/**
 * Builds one X.509 v3 certificate (RFC 5280) for ECDSA P-256 keys: node-forge lays out the DER, node:crypto signs it.
 * node-forge's own certificate class knows only RSA, so the fields are put together here from its ASN.1 primitives.
 */
export interface CertificateFields {
  /** Distinguished name of the issuer; absent: the certificate is its own issuer. */
  readonly issuer?: forge.asn1.Asn1
  /** Subject key identifier of the issuer (binary string), when it has one. */
  readonly issuerKeyId?: string
  readonly commonName: string
  readonly publicKey: KeyObject
  readonly notBefore: Date
  readonly notAfter: Date
  readonly authority: boolean
  readonly usages: readonly ("client" | "server")[]
  readonly names: SubjectNames
}

export interface SubjectNames {
  readonly uris: readonly string[]
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
}

const { Class, Type, create, toDer, oidToDer } = forge.asn1

const oid = (dotted: string) => create(Class.UNIVERSAL, Type.OID, false, oidToDer(dotted).getBytes())
const sequence = (...items: forge.asn1.Asn1[]) => create(Class.UNIVERSAL, Type.SEQUENCE, true, items)
const octets = (bytes: string) => create(Class.UNIVERSAL, Type.OCTETSTRING, false, bytes)
const bits = (bytes: string) => create(Class.UNIVERSAL, Type.BITSTRING, false, bytes)
const yes = () => create(Class.UNIVERSAL, Type.BOOLEAN, false, "\xff")
const tagged = (tag: number, bytes: string) => create(Class.CONTEXT_SPECIFIC, tag, false, bytes)
const binary = (buffer: Buffer) => buffer.toString("latin1")

export const extensionIds = {
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
} as const

const ecdsaWithSha256 = "1.2.840.10045.4.3.2"
const usageIds = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const

/** The certificate as PEM, signed with `signer` (the issuer's private key, P-256). */
export function buildCertificate(fields: CertificateFields, signer: KeyObject): string {
  const subject = distinguishedName(fields.commonName)
  const tbs = sequence(
    create(Class.CONTEXT_SPECIFIC, 0, true, [create(Class.UNIVERSAL, Type.INTEGER, false, "\x02")]),
    create(Class.UNIVERSAL, Type.INTEGER, false, serialNumber()),
    sequence(oid(ecdsaWithSha256)),
    fields.issuer ?? subject,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    subject,
    forge.asn1.fromDer(binary(spki(fields.publicKey))),
    create(Class.CONTEXT_SPECIFIC, 3, true, [sequence(...extensions(fields))]),
  )
  const signature = sign("sha256", Buffer.from(toDer(tbs).getBytes(), "latin1"), signer)
  const der = toDer(sequence(tbs, sequence(oid(ecdsaWithSha256)), bits("\0" + binary(signature)))).getBytes()
  const lines =
    Buffer.from(der, "latin1")
      .toString("base64")
      .match(/.{1,64}/g) ?? []
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n")
}

function extensions(fields: CertificateFields): forge.asn1.Asn1[] {
  const keyId = binary(createHash("sha1").update(publicPoint(fields.publicKey)).digest())
  // keyUsage bits, RFC 5280 4.2.1.3: digitalSignature is bit 0; keyCertSign and cRLSign are bits 5 and 6
  const keyUsage = fields.authority ? "\x01\x06" : "\x07\x80"
  const constraints = fields.authority
    ? sequence(yes(), create(Class.UNIVERSAL, Type.INTEGER, false, "\0")) // pathLen 0: it signs leaves, no other authority
    : sequence()
  const list = [
    extension(extensionIds.basicConstraints, constraints, true),
    extension(extensionIds.keyUsage, bits(keyUsage), true),
    extension(extensionIds.subjectKeyIdentifier, octets(keyId)),
  ]
  if (fields.issuerKeyId !== undefined)
    list.push(extension(extensionIds.authorityKeyIdentifier, sequence(tagged(0, fields.issuerKeyId))))
  if (fields.usages.length > 0)
    list.push(extension(extensionIds.extendedKeyUsage, sequence(...fields.usages.map((usage) => oid(usageIds[usage])))))
  const names = generalNames(fields.names)
  if (names.length > 0) list.push(extension(extensionIds.subjectAltName, sequence(...names)))
  return list
}

function extension(id: string, value: forge.asn1.Asn1, critical = false): forge.asn1.Asn1 {
  return sequence(oid(id), ...(critical ? [yes()] : []), octets(toDer(value).getBytes()))
}

/** GeneralName tags, RFC 5280 4.2.1.6: dNSName 2, uniformResourceIdentifier 6, iPAddress 7. */
function generalNames({ uris, dnsNames, ipAddresses }: SubjectNames): forge.asn1.Asn1[] {
  return [
    ...uris.map((uri) => tagged(6, ia5(uri))),
    ...dnsNames.map((name) => tagged(2, ia5(name))),
    ...ipAddresses.map((address) => tagged(7, binary(ipBytes(address)))),
  ]
}

/** Names in certificates are printable ASCII; anything else would be cut or mean something else to another parser. */
function ia5(name: string): string {
  if (!/^[\x21-\x7e]+$/.test(name)) throw new TypeError(`${JSON.stringify(name)} can't be a name in a certificate`)
  return name
}

const groups = (part: string | undefined) => (part ? part.split(":").map((group) => Number.parseInt(group, 16)) : [])

function ipBytes(address: string): Buffer {
  const version = isIP(address)
  if (version === 4) return Buffer.from(address.split(".").map(Number))
  if (version !== 6) throw new TypeError(`"${address}" is no IP address`)
  // the URL parser writes every IPv6 address in one canonical form, the dotted tail included
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::")
  const front = groups(head)
  const back = groups(tail)
  const bytes = Buffer.alloc(16)
  front.forEach((group, at) => bytes.writeUInt16BE(group, at * 2))
  back.forEach((group, at) => bytes.writeUInt16BE(group, 16 - (back.length - at) * 2))
  return bytes
}

function distinguishedName(commonName: string): forge.asn1.Asn1 {
  const value = create(Class.UNIVERSAL, Type.UTF8, false, forge.util.encodeUtf8(commonName))
  const attribute = sequence(oid("2.5.4.3"), value)
  return sequence(create(Class.UNIVERSAL, Type.SET, true, [attribute]))
}

/** UTCTime up to 2049, GeneralizedTime from 2050 on, RFC 5280 4.1.2.5. */
function time(instant: Date): forge.asn1.Asn1 {
  return instant.getUTCFullYear() < 2050
    ? create(Class.UNIVERSAL, Type.UTCTIME, false, forge.asn1.dateToUtcTime(instant))
    : create(Class.UNIVERSAL, Type.GENERALIZEDTIME, false, forge.asn1.dateToGeneralizedTime(instant))
}

/** 128 random bits; the first byte keeps the number positive and free of leading zeros. */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return binary(bytes)
}

const spki = (key: KeyObject): Buffer => key.export({ type: "spki", format: "der" })

/** The uncompressed point, the last 65 bytes of a P-256 SubjectPublicKeyInfo. */
const publicPoint = (key: KeyObject): Buffer => spki(key).subarray(-65)
