import { encodePdu, field, newHeader } from "../iscsi/header.ts"
import { loginStatus, stage } from "../iscsi/login-status.ts"
import { answerKey, standardAgreed, type Agreed } from "../iscsi/negotiation.ts"
import { flag, opcode } from "../iscsi/opcode.ts"
import { formatText, parseText } from "../iscsi/text.ts"
import type { ChapExchange } from "./chap-exchange.ts"
import { LoginRefusal, protocolRefusal } from "./login-refusal.ts"
import type { SequenceNumbers } from "./sequence.ts"

/** What a finished login leaves behind. */
export interface Established {
  readonly initiatorName: string
  readonly isid: Buffer
  readonly discovery: boolean
  readonly agreed: Agreed
}

/** What to send, and what it means. A response that establishes a session still lacks its TSIH. */
export type LoginStep =
  | { readonly kind: "continue"; readonly response: Buffer }
  | { readonly kind: "established"; readonly response: Buffer; readonly login: Established }
  | { readonly kind: "refused"; readonly response: Buffer; readonly refusal: LoginRefusal }

export interface LoginOptions {
  readonly targetName: string
  readonly chap: ChapExchange
  readonly numbers: SequenceNumbers
  /** The target is being released: nobody may log in any more. */
  readonly refusing: () => boolean
  readonly maxTextBytes: number
}

interface Request {
  readonly header: Buffer
  readonly transit: boolean
  readonly stage: number
  readonly nextStage: number
}

/** The target's login phase (RFC 7143 section 6.3) as a pure machine: one request in, one response out. */
export class TargetLogin {
  readonly #options: LoginOptions
  readonly #agreed: Agreed = { ...standardAgreed }
  #isid = Buffer.alloc(6)
  #stage = -1
  #names: { initiatorName: string; discovery: boolean } | undefined
  #text: Buffer = Buffer.alloc(0)

  constructor(options: LoginOptions) {
    this.#options = options
  }

  /** Takes a login request. Every refusal is an answer; nothing is thrown for what a peer sends. */
  step(header: Buffer, data: Buffer): LoginStep {
    const flags = header.readUInt8(1)
    const request = { header, transit: (flags & flag.final) !== 0, stage: (flags >> 2) & 3, nextStage: flags & 3 }
    try {
      return this.#answer(request, (flags & flag.continues) !== 0, data)
    } catch (error) {
      const refusal =
        error instanceof LoginRefusal ? error : protocolRefusal((error as Error).message, loginStatus.initiatorError)
      return { kind: "refused", refusal, response: this.#response(request, false, [], refusal.status) }
    }
  }

  #answer(request: Request, continues: boolean, data: Buffer): LoginStep {
    if (this.#stage < 0) this.#begin(request)
    if (request.stage !== this.#stage) throw protocolRefusal("a login request of another stage")
    if (request.transit && (continues || request.nextStage <= request.stage || request.nextStage === 2)) {
      throw protocolRefusal("a transition to no valid stage")
    }
    this.#text = Buffer.concat([this.#text, data])
    if (this.#text.length > this.#options.maxTextBytes) {
      throw new LoginRefusal(loginStatus.outOfResources, "limit", "too much login text")
    }
    if (continues) return { kind: "continue", response: this.#response(request, false, []) }
    const keys = parseText(this.#text)
    this.#text = Buffer.alloc(0)
    const answers = this.#names ? [] : this.#identify(keys)
    if (this.#stage === stage.security) {
      answers.push(...this.#options.chap.step(keys))
      const move = request.transit && this.#options.chap.done
      return this.#move(request, move, answers)
    }
    for (const [key, value] of keys) {
      const answer = answerKey(key, value, this.#agreed)
      if (answer !== undefined) answers.push([key, answer])
    }
    return this.#move(request, request.transit, answers)
  }

  #begin({ header, stage: first }: Request): void {
    this.#options.numbers.startAt(header.readUInt32BE(field.sequence))
    header.copy(this.#isid, 0, field.isid, field.isid + 6)
    if (header.readUInt8(3) > 0) throw protocolRefusal("no common version", loginStatus.unsupportedVersion)
    if (header.readUInt16BE(field.tsih) !== 0) {
      throw protocolRefusal("a second connection for a session", loginStatus.sessionDoesNotExist)
    }
    if (first !== stage.security) {
      throw new LoginRefusal(loginStatus.authenticationFailed, "chap", "the initiator skips authentication")
    }
    this.#stage = first
  }

  /** Who logs in where: the first request must say (section 6.3.1). */
  #identify(keys: ReadonlyMap<string, string>): Array<readonly [string, string]> {
    if (this.#options.refusing())
      throw new LoginRefusal(loginStatus.serviceUnavailable, undefined, "the target is being released")
    const initiatorName = keys.get("InitiatorName")
    if (!initiatorName || initiatorName.length > 223)
      throw protocolRefusal("no InitiatorName", loginStatus.missingParameter)
    const type = keys.get("SessionType") ?? "Normal"
    if (type !== "Normal" && type !== "Discovery")
      throw protocolRefusal("an unknown SessionType", loginStatus.sessionTypeUnsupported)
    const discovery = type === "Discovery"
    if (!discovery) this.#checkTarget(keys.get("TargetName"))
    this.#names = { initiatorName, discovery }
    return discovery ? [] : [["TargetPortalGroupTag", "1"]]
  }

  #checkTarget(name: string | undefined): void {
    if (name === undefined) throw protocolRefusal("no TargetName", loginStatus.missingParameter)
    if (name.toLowerCase() !== this.#options.targetName.toLowerCase()) {
      throw protocolRefusal("another TargetName", loginStatus.targetNotFound)
    }
  }

  #move(request: Request, move: boolean, answers: Array<readonly [string, string]>): LoginStep {
    const response = this.#response(request, move, answers)
    if (!move) return { kind: "continue", response }
    this.#stage = request.nextStage
    if (this.#stage !== stage.fullFeature || !this.#names) return { kind: "continue", response }
    return { kind: "established", response, login: { ...this.#names, isid: this.#isid, agreed: this.#agreed } }
  }

  #response(request: Request, move: boolean, answers: Array<readonly [string, string]>, status = 0): Buffer {
    const flags = (move ? flag.final | request.nextStage : 0) | (request.stage << 2)
    const header = newHeader(opcode.loginResponse, flags, request.header.readUInt32BE(field.tag))
    this.#isid.copy(header, field.isid)
    this.#options.numbers.stampStatus(header)
    header.writeUInt16BE(status, 36)
    return encodePdu(header, formatText(answers))
  }
}

/** Writes the session's handle into the response that establishes it. */
export function setSessionHandle(response: Buffer, tsih: number): void {
  response.writeUInt16BE(tsih, field.tsih)
}
