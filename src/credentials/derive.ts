import { createHash, hkdfSync, type KeyObject } from "node:crypto"
import { loginKeyFrom } from "./ssh-key.ts"

/** CHAP names and secrets of both directions (RFC 7143 12.1): the initiator proves itself, then the target does. */
export interface ChapCredentials {
  readonly initiatorUser: string
  readonly initiatorSecret: string
  readonly targetUser: string
  readonly targetSecret: string
}

/** Credentials of the file service, which itself needs all but the password. */
export interface AccessCredentials {
  readonly username: string
  readonly password: string
  /** Lower-case hex. The password has 192 random bits, so a plain hash of it tells nothing. */
  readonly passwordSha256: string
  /** The public half of the SSH key that follows from the password. */
  readonly sshPublicKey: string
}

export interface SessionCredentials {
  readonly chap: ChapCredentials
  readonly access: AccessCredentials
}

/**
 * The credentials of one session, the same each time: HKDF-SHA256 (RFC 5869) of the installation's master key with the
 * session's UID and the purpose, so that an operator that was restarted needs to read no Secret back.
 */
export function deriveCredentials(masterKey: KeyObject, uid: string): SessionCredentials {
  // the UID goes between slashes: one that holds a slash could spell another session's purpose
  if (!/^[A-Za-z0-9-]{1,64}$/.test(uid)) throw new TypeError(`${JSON.stringify(uid)} can't be a session's UID`)
  const derive = (purpose: string) =>
    Buffer.from(hkdfSync("sha256", masterKey, "", `filerecovery/${uid}/${purpose}`, 24)).toString("base64url")
  const password = derive("access")
  return {
    chap: {
      initiatorUser: `${uid}.restore`,
      initiatorSecret: derive("chap-initiator"),
      targetUser: `${uid}.target`,
      targetSecret: derive("chap-target"),
    },
    access: {
      username: "recover",
      password,
      passwordSha256: createHash("sha256").update(password).digest("hex"),
      sshPublicKey: loginKeyFrom(password).publicKey,
    },
  }
}
