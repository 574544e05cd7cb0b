import { decodeBinary, encodeBinary } from "../iscsi/binary-value.ts"
import { chapResponse, parseIdentifier, sameName, sameResponse, type ChapCredentials } from "../iscsi/chap.ts"
import { chapRefusal } from "./login-refusal.ts"

/** Where challenges come from; a test gives its own. */
export interface ChallengeSource {
  challenge(bytes: number): Buffer
  /** 0 to 255, another one than the time before. */
  identifier(): number
}

type Pair = readonly [string, string]
type Keys = ReadonlyMap<string, string>

const challengeBytes = 32
/** MD5 initiators of old expect no challenge longer than their hash. */
const shortChallengeBytes = 16

/**
 * The target's part of mutual CHAP (RFC 7143 section 12.1.3): AuthMethod, CHAP_A, CHAP_I and CHAP_C, then the initiator's
 * answer together with its own challenge. Each `step` takes the keys of one request. Any deviation throws LoginRefusal.
 */
export class ChapExchange {
  readonly #chap: ChapCredentials
  readonly #algorithms: readonly number[]
  readonly #source: ChallengeSource
  #next: "method" | "algorithm" | "response" | "done" = "method"
  #algorithm = 0
  #identifier = 0
  #challenge: Buffer = Buffer.alloc(0)

  constructor(chap: ChapCredentials, algorithms: readonly number[], source: ChallengeSource) {
    this.#chap = chap
    this.#algorithms = algorithms
    this.#source = source
  }

  /** Both directions are proven. */
  get done(): boolean {
    return this.#next === "done"
  }

  step(keys: Keys): Pair[] {
    switch (this.#next) {
      case "method":
        return this.#chooseMethod(keys)
      case "algorithm":
        return this.#challengeInitiator(keys)
      case "response":
        return this.#checkInitiator(keys)
      case "done":
        return []
    }
  }

  #chooseMethod(keys: Keys): Pair[] {
    if (!keys.get("AuthMethod")?.split(",").includes("CHAP")) throw chapRefusal("the initiator doesn't offer CHAP")
    this.#next = "algorithm"
    return [["AuthMethod", "CHAP"]]
  }

  #challengeInitiator(keys: Keys): Pair[] {
    const offered = keys.get("CHAP_A")?.split(",").map(Number) ?? []
    const algorithm = this.#algorithms.find((known) => offered.includes(known))
    if (algorithm === undefined) throw chapRefusal(`the initiator offers none of CHAP_A=${this.#algorithms.join(",")}`)
    this.#algorithm = algorithm
    this.#identifier = this.#source.identifier()
    this.#challenge = this.#source.challenge(algorithm >= 7 ? challengeBytes : shortChallengeBytes)
    this.#next = "response"
    return [
      ["CHAP_A", String(algorithm)],
      ["CHAP_I", String(this.#identifier)],
      ["CHAP_C", encodeBinary(this.#challenge)],
    ]
  }

  #checkInitiator(keys: Keys): Pair[] {
    const response = decodeBinary(keys.get("CHAP_R"))
    const expected = chapResponse(this.#algorithm, this.#identifier, this.#chap.initiatorSecret, this.#challenge)
    const userIsRight = sameName(this.#chap.initiatorUser, keys.get("CHAP_N") ?? "")
    const responseIsRight = response !== undefined && sameResponse(expected, response)
    if (!userIsRight || !responseIsRight) throw chapRefusal("the initiator's CHAP user or secret is wrong")
    return this.#answerInitiator(keys)
  }

  /**
   * Proves the target to the initiator, but never by answering a challenge of our own (section 9.2.1). Its CHAP_I may be ours by
   * chance: an initiator that doesn't look, as libiscsi, would else be refused once in 256 logins.
   */
  #answerInitiator(keys: Keys): Pair[] {
    const identifier = parseIdentifier(keys.get("CHAP_I"))
    const challenge = decodeBinary(keys.get("CHAP_C"))
    if (identifier === undefined || !challenge)
      throw chapRefusal("the initiator doesn't ask the target to prove itself")
    if (challenge.equals(this.#challenge)) throw chapRefusal("the initiator reflects the target's challenge")
    const response = chapResponse(this.#algorithm, identifier, this.#chap.targetSecret, challenge)
    this.#next = "done"
    return [
      ["CHAP_N", this.#chap.targetUser],
      ["CHAP_R", encodeBinary(response)],
    ]
  }
}
