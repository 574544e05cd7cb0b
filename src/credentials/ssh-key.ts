import { createHash, createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from "node:crypto"
import { fingerprintOf } from "../api/public-key.ts"

/** An SSH key pair (Ed25519) in the forms that programs want. */
export interface SshKey {
  /** OpenSSH's format, PEM. */
  readonly privateKey: string
  /** `ssh-ed25519 AAAA...`, as authorized_keys has it, and known_hosts behind the host's name. */
  readonly publicKey: string
  /** `SHA256:...`, as ssh shows it. */
  readonly fingerprint: string
}

/** The pair that follows from a secret (HKDF): always the same, and it tells nothing of the secret. */
export function sshKeyFrom(secret: Buffer | string, purpose: string): SshKey {
  const seed = Buffer.from(hkdfSync("sha256", secret, "", `file recovery: ${purpose}`, 32))
  const publicBytes = rawPublicKey(createPublicKey(ed25519(seed)))
  const blob = Buffer.concat([text("ssh-ed25519"), text(publicBytes)])
  return {
    privateKey: openSsh(seed, publicBytes, blob),
    publicKey: `ssh-ed25519 ${blob.toString("base64")}`,
    fingerprint: fingerprintOf(blob),
  }
}

/**
 * The pair that whoever knows a session's password can log in with: the pod knows its public half only, and ssh needs nobody
 * to type. Why: docs/decisions/sftp-login.md.
 */
export const loginKeyFrom = (password: string): SshKey => sshKeyFrom(password, "SSH login key")

/** PKCS#8 of an Ed25519 key is a fixed head and the seed (RFC 8410). */
function ed25519(seed: Buffer): KeyObject {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed])
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" })
}

function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" }).subarray(-32)
}

/** OpenSSH's PROTOCOL.key, without a passphrase. */
function openSsh(seed: Buffer, publicBytes: Buffer, blob: Buffer): string {
  const check = createHash("sha256").update(publicBytes).digest().subarray(0, 4)
  const plain = Buffer.concat([check, check, blob, text(Buffer.concat([seed, publicBytes])), text("")])
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, (8 - (plain.length % 8)) % 8))
  const body = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    ...["none", "none", ""].map((word) => text(word)),
    Buffer.from([0, 0, 0, 1]),
    text(blob),
    text(Buffer.concat([plain, padding])),
  ])
  const lines = body
    .toString("base64")
    .replace(/(.{70})/g, "$1\n")
    .trimEnd()
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`
}

/** A string as SSH has it: its length and its bytes (RFC 4251, 5). */
function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}
