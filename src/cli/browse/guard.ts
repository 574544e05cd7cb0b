import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"

/**
 * Who may ask the proxy of `browse`: the page that was opened with the token, and links that the page signed. The browser
 * sends neither by itself, so no other page can make it ask in the user's name, and another user of this machine, who can
 * reach the port, has neither.
 */
export class Guard {
  /** 256 bits, base64url. */
  readonly token = randomBytes(32).toString("base64url")

  /** Whether an Authorization header has the token (RFC 6750). */
  hasToken(header: string | undefined): boolean {
    return header !== undefined && isSame(header, `Bearer ${this.token}`)
  }

  /** The target of `/t/SIGNATURE/TARGET`, if the page signed it: HMAC-SHA256 under the token, in hexadecimal. */
  signedTarget(url: string): string | undefined {
    const [, signature, target] = /^\/t\/([0-9a-f]{64})(\/.*)$/s.exec(url) ?? []
    if (signature === undefined || target === undefined) return undefined
    const expected = createHmac("sha256", this.token).update(target).digest("hex")
    return isSame(signature, expected) ? target : undefined
  }
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
