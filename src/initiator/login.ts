import { RecoveryError } from "../api/reasons.ts"
import { encodePdu, field, newHeader, nextSerial, operationOf } from "../iscsi/header.ts"
import { describeLoginStatus, isTemporary, loginStatus, stage } from "../iscsi/login-status.ts"
import { initiatorOffer } from "../iscsi/negotiation.ts"
import { flag, immediate, opcode } from "../iscsi/opcode.ts"
import { formatText, parseText } from "../iscsi/text.ts"
import type { MutualChap } from "./mutual-chap.ts"

/** The longest data segment we take: the payload of one Data-In PDU, in bytes. */
export const maxReceiveBytes = 256 * 1024
const maxBurstBytes = 16_776_192

/** Rounds a login may take; ours needs five. */
const maxRounds = 16

/** Where the numbers of the session stand once it is established. */
export interface EstablishedLogin {
  readonly cmdSn: number
  readonly expectedStatSn: number
  readonly maxCmdSn: number
}

export type LoginStep =
  | { readonly kind: "send"; readonly request: Buffer }
  | { readonly kind: "established"; readonly login: EstablishedLogin }

export interface LoginOptions {
  readonly initiatorName: string
  readonly targetName: string
  /** Six bytes that stay the same, so that a new login ends our old session (RFC 7143 section 6.3.5). */
  readonly isid: Buffer
  readonly chap: MutualChap
}

type Pair = readonly [string, string]

/** The initiator's login phase (section 6.3) as a pure machine. Everything but success throws. */
export class InitiatorLogin {
  readonly #options: LoginOptions
  #next: "method" | "challenge" | "proof" | "parameters" = "method"
  #stage: number = stage.security
  #expectedStatSn = 0
  #rounds = 0
  #text: Buffer = Buffer.alloc(0)

  constructor(options: LoginOptions) {
    this.#options = options
  }

  /** The first request. */
  start(): Buffer {
    const { initiatorName, targetName } = this.#options
    return this.#request(undefined, [
      ["InitiatorName", initiatorName],
      ["SessionType", "Normal"],
      ["TargetName", targetName],
      ["AuthMethod", "CHAP"],
    ])
  }

  /** Takes a response; says what to do next. */
  step(header: Buffer, data: Buffer): LoginStep {
    if (operationOf(header) !== opcode.loginResponse)
      throw new RecoveryError("ProtocolError", "the target answers a login with something else")
    checkStatus(header.readUInt16BE(36))
    if (++this.#rounds > maxRounds) throw new RecoveryError("ProtocolError", "the target doesn't finish the login")
    this.#expectedStatSn = nextSerial(header.readUInt32BE(field.sequence))
    const flags = header.readUInt8(1)
    this.#text = Buffer.concat([this.#text, data])
    if ((flags & flag.continues) !== 0) return this.#send(undefined, [])
    const keys = parseText(this.#text)
    this.#text = Buffer.alloc(0)
    return this.#advance(keys, header, (flags & flag.final) === 0 ? undefined : flags & 3)
  }

  #advance(keys: ReadonlyMap<string, string>, header: Buffer, moved: number | undefined): LoginStep {
    switch (this.#next) {
      case "method":
        if (keys.get("AuthMethod") !== "CHAP" || moved !== undefined) {
          throw new RecoveryError(
            "LoginRefused",
            "the target wants to go on without CHAP; only this session's target may be used",
          )
        }
        this.#next = "challenge"
        return this.#send(undefined, this.#options.chap.offer())
      case "challenge":
        this.#next = "proof"
        return this.#send(stage.operational, this.#options.chap.answer(keys))
      case "proof":
        this.#options.chap.check(keys)
        if (moved !== stage.operational)
          throw new RecoveryError("ProtocolError", "the target stays in the security stage")
        this.#stage = stage.operational
        this.#next = "parameters"
        return this.#send(stage.fullFeature, initiatorOffer(maxReceiveBytes, maxBurstBytes))
      case "parameters":
        checkParameters(keys)
        if (moved !== stage.fullFeature) return this.#send(stage.fullFeature, [])
        return { kind: "established", login: this.#established(header) }
    }
  }

  #established(header: Buffer): EstablishedLogin {
    return { cmdSn: 1, expectedStatSn: this.#expectedStatSn, maxCmdSn: header.readUInt32BE(field.maxCmdSn) }
  }

  #send(moveTo: number | undefined, pairs: Pair[]): LoginStep {
    return { kind: "send", request: this.#request(moveTo, pairs) }
  }

  #request(moveTo: number | undefined, pairs: Pair[]): Buffer {
    const flags = (this.#stage << 2) | (moveTo === undefined ? 0 : flag.final | moveTo)
    const header = newHeader(opcode.loginRequest | immediate, flags, 1)
    this.#options.isid.copy(header, field.isid)
    header.writeUInt32BE(1, field.sequence)
    header.writeUInt32BE(this.#expectedStatSn, field.expected)
    return encodePdu(header, formatText(pairs))
  }
}

/** Digests must stay off and write data unsolicited: what we offered leaves the target no other choice. */
function checkParameters(keys: ReadonlyMap<string, string>): void {
  for (const digest of ["HeaderDigest", "DataDigest"]) {
    if ((keys.get(digest) ?? "None") !== "None")
      throw new RecoveryError("ProtocolError", `the target insists on ${digest}`)
  }
}

function checkStatus(status: number): void {
  if (status === loginStatus.success) return
  const words = describeLoginStatus(status)
  if (isTemporary(status)) throw new RecoveryError("ConnectionLost", `the target doesn't serve at the moment: ${words}`)
  throw new RecoveryError(
    "LoginRefused",
    `the target refuses the login: ${words}; both ends must use this session's names and CHAP secrets`,
  )
}
