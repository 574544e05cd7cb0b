import { createHash, timingSafeEqual } from "node:crypto"

/** Who may read: HTTP Basic, RFC 7617. Only the password's SHA-256 (hex) is known here. */
export interface Credentials {
  readonly username: string
  readonly passwordSha256: string
}

/** A check of Authorization headers. It takes the same time whichever part is wrong and however much of it is right. */
export function basicAuth(credentials: Credentials): (header: string | undefined) => boolean {
  if (!/^[0-9a-f]{64}$/i.test(credentials.passwordSha256)) throw new TypeError("passwordSha256 must be 64 hex digits")
  const wantedUser = sha256(Buffer.from(credentials.username))
  const wantedPassword = Buffer.from(credentials.passwordSha256, "hex")
  return (header) => {
    const [, encoded = ""] = /^Basic +([A-Za-z0-9+/=]{1,1024})$/i.exec(header ?? "") ?? []
    const given = Buffer.from(encoded, "base64")
    const colon = given.indexOf(":")
    const user = timingSafeEqual(sha256(given.subarray(0, Math.max(0, colon))), wantedUser)
    const password = timingSafeEqual(sha256(given.subarray(colon + 1)), wantedPassword)
    return colon >= 0 && user && password
  }
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest()
