import { createHash, timingSafeEqual } from "node:crypto"
import { RecoveryError } from "../api/reasons.ts"

/** Users and secrets of both directions: the target checks the initiator's, the initiator the target's. */
export interface ChapCredentials {
  readonly initiatorUser: string
  readonly initiatorSecret: string
  readonly targetUser: string
  readonly targetSecret: string
}

/** CHAP_A values (IANA PPP authentication algorithms) and the hash each stands for. */
const hashes: Readonly<Record<number, string>> = { 5: "md5", 6: "sha1", 7: "sha256", 8: "sha3-256" }

/** The only algorithm offered unless somebody asks for more: SHA-256. */
export const sha256Only: readonly number[] = [7]

const leastSecretBytes = 12

/** The answer to a challenge: hash of identifier, secret and challenge (RFC 1994 section 4.1). */
export function chapResponse(algorithm: number, identifier: number, secret: string, challenge: Buffer): Buffer {
  const hash = hashes[algorithm]
  if (!hash) throw new RecoveryError("ProtocolError", `CHAP algorithm ${algorithm} isn't known`)
  return createHash(hash).update(Buffer.of(identifier)).update(secret, "utf8").update(challenge).digest()
}

/** Compares two answers in constant time. */
export function sameResponse(expected: Buffer, received: Buffer): boolean {
  return expected.length === received.length && timingSafeEqual(expected, received)
}

/** Compares two names without telling by time how much of them agrees. */
export function sameName(expected: string, received: string): boolean {
  return timingSafeEqual(digest(expected), digest(received))
}

/** Reads a CHAP_I value: a whole number of one octet. */
export function parseIdentifier(text: string | undefined): number | undefined {
  if (text === undefined || !/^(?:\d{1,3}|0[xX][0-9a-fA-F]{1,2})$/.test(text)) return undefined
  const identifier = Number(text)
  return identifier <= 255 ? identifier : undefined
}

/** Refuses credentials that RFC 7143 section 9.2.1 forbids: short secrets, and one secret for both directions. */
export function checkCredentials(chap: ChapCredentials): void {
  for (const end of ["initiator", "target"] as const) {
    if (chap[`${end}User`] === "") throw refusal(`the ${end}'s CHAP user is empty`)
    if (Buffer.byteLength(chap[`${end}Secret`]) < leastSecretBytes) {
      throw refusal(`the ${end}'s CHAP secret is shorter than ${leastSecretBytes} bytes`)
    }
  }
  if (sameName(chap.initiatorSecret, chap.targetSecret)) throw refusal("both directions of CHAP share one secret")
}

/** Refuses a list of algorithms that is empty or names one we can't compute. */
export function checkAlgorithms(algorithms: readonly number[]): void {
  if (algorithms.length === 0 || algorithms.some((algorithm) => !hashes[algorithm])) {
    throw refusal(`the CHAP algorithms ${algorithms.join(", ") || "(none)"} aren't all among 5, 6, 7, 8`)
  }
}

function digest(name: string): Buffer {
  return createHash("sha256").update(name, "utf8").digest()
}

function refusal(what: string): RecoveryError {
  return new RecoveryError("UsageError", `${what}; make new credentials for this session`)
}
