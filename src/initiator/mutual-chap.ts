import { RecoveryError } from "../api/reasons.ts"
import { decodeBinary, encodeBinary } from "../iscsi/binary-value.ts"
import { chapResponse, parseIdentifier, sameName, sameResponse, type ChapCredentials } from "../iscsi/chap.ts"

/** Where the initiator's own challenges come from; a test gives its own. */
export interface RandomSource {
  bytes(count: number): Buffer
}

type Pair = readonly [string, string]
type Keys = ReadonlyMap<string, string>

/** The initiator's part of mutual CHAP (RFC 7143 section 12.1.3). A target that can't prove itself throws `LoginRefused`. */
export class MutualChap {
  readonly #chap: ChapCredentials
  readonly #algorithms: readonly number[]
  readonly #random: RandomSource
  #expected: Buffer | undefined

  constructor(chap: ChapCredentials, algorithms: readonly number[], random: RandomSource) {
    this.#chap = chap
    this.#algorithms = algorithms
    this.#random = random
  }

  /** The algorithms we would use, in order of preference. */
  offer(): Pair[] {
    return [["CHAP_A", this.#algorithms.join(",")]]
  }

  /** Answers the target's challenge and poses one: another identifier, another challenge (section 9.2.1). */
  answer(keys: Keys): Pair[] {
    const algorithm = Number(keys.get("CHAP_A"))
    const identifier = parseIdentifier(keys.get("CHAP_I"))
    const challenge = decodeBinary(keys.get("CHAP_C"))
    if (!this.#algorithms.includes(algorithm)) throw refused("it chose a CHAP algorithm that wasn't offered")
    if (identifier === undefined || !challenge) throw refused("its CHAP challenge can't be read")
    const ours = this.#random.bytes(algorithm >= 7 ? 32 : 16)
    if (ours.equals(challenge)) throw refused("its CHAP challenge is ours")
    const ourIdentifier = (identifier + 1 + (this.#random.bytes(1).readUInt8() % 255)) & 0xff
    const response = chapResponse(algorithm, identifier, this.#chap.initiatorSecret, challenge)
    this.#expected = chapResponse(algorithm, ourIdentifier, this.#chap.targetSecret, ours)
    return [
      ["CHAP_N", this.#chap.initiatorUser],
      ["CHAP_R", encodeBinary(response)],
      ["CHAP_I", String(ourIdentifier)],
      ["CHAP_C", encodeBinary(ours)],
    ]
  }

  /** Checks that the target knows its secret. */
  check(keys: Keys): void {
    const response = decodeBinary(keys.get("CHAP_R"))
    const userIsRight = sameName(this.#chap.targetUser, keys.get("CHAP_N") ?? "")
    const responseIsRight =
      this.#expected !== undefined && response !== undefined && sameResponse(this.#expected, response)
    if (!userIsRight || !responseIsRight) throw refused("its own CHAP user or secret is wrong")
  }
}

function refused(why: string): RecoveryError {
  return new RecoveryError(
    "LoginRefused",
    `the target doesn't prove to be the right one: ${why}; both ends must use this session's secrets`,
  )
}
