import { encodePdu, field, newHeader, noTag } from "../iscsi/header.ts"
import { asyncEvent, flag, immediate, opcode, rejectReason } from "../iscsi/opcode.ts"
import { sense } from "../iscsi/scsi/sense.ts"
import { formatText, parseText } from "../iscsi/text.ts"
import type { Established } from "./login.ts"
import type { OutputQueue } from "./output.ts"
import type { ReadTasks } from "./read-tasks.ts"
import type { ScsiResponder } from "./scsi-responder.ts"
import type { SequenceNumbers } from "./sequence.ts"
import { manageTasks } from "./task-management.ts"

export interface SessionOptions {
  readonly login: Established
  readonly numbers: SequenceNumbers
  readonly output: OutputQueue
  readonly tasks: ReadTasks
  readonly scsi: ScsiResponder
  readonly targetName: string
  /** "address:port" a discovery session is told, as the initiator reached it. */
  readonly portal: string
  /** The initiator has logged out: nothing more is taken from it. */
  readonly loggedOut: () => void
  /** The peer broke the protocol in a way that ends the session. */
  readonly fail: (why: string) => void
}

/** How long the initiator has to log out when it is asked to, in seconds (Parameter3 of the message). */
const logOutWithin = 30

/** The full feature phase of a session (RFC 7143 section 4.2): orders requests by CmdSN and answers each. */
export class Session {
  readonly #options: SessionOptions

  constructor(options: SessionOptions) {
    this.#options = options
  }

  /** Takes one request. Both buffers may be reused afterwards. */
  request(header: Buffer, data: Buffer): void {
    const operation = header.readUInt8(0) & 0x3f
    if (operation === opcode.dataOut || operation === opcode.snack)
      return this.#reject(rejectReason.protocolError, header)
    if ((header.readUInt8(0) & immediate) === 0) {
      const place = this.#options.numbers.place(header.readUInt32BE(field.sequence))
      if (place === "outside") return // section 4.2.2.1: silently ignored
      if (place === "gap") return this.#options.fail("a command number was left out")
    }
    this.#dispatch(operation, header, data)
  }

  /** NOP-In that wants an answer: finds initiators that are gone. */
  ping(): void {
    const header = newHeader(opcode.nopIn, flag.final, noTag)
    header.writeUInt32BE(1, field.transferTag)
    this.#options.numbers.stampOffer(header)
    this.#options.output.push(header)
  }

  /** Asynchronous Message: the initiator shall log out (section 11.9.1). */
  askToLogOut(): void {
    const header = newHeader(opcode.asyncMessage, flag.final, noTag)
    header[36] = asyncEvent.logoutRequested
    header.writeUInt16BE(logOutWithin, 42)
    this.#send(header)
  }

  #dispatch(operation: number, header: Buffer, data: Buffer): void {
    const { discovery } = this.#options.login
    switch (operation) {
      case opcode.nopOut:
        return this.#pong(header, data)
      case opcode.textRequest:
        return this.#text(header, data)
      case opcode.logoutRequest:
        return this.#logOut(header)
      case opcode.scsiCommand:
        return discovery ? this.#reject(rejectReason.protocolError, header) : this.#options.scsi.command(header)
      case opcode.taskManagementRequest:
        return discovery ? this.#reject(rejectReason.protocolError, header) : this.#manage(header)
      default:
        return this.#reject(rejectReason.notSupported, header)
    }
  }

  #pong(header: Buffer, data: Buffer): void {
    const tag = header.readUInt32BE(field.tag)
    if (tag === noTag) return // the answer to a ping of ours
    const answer = newHeader(opcode.nopIn, flag.final, tag)
    header.copy(answer, field.lun, field.lun, field.lun + 8)
    answer.writeUInt32BE(noTag, field.transferTag)
    this.#send(answer, Buffer.from(data.subarray(0, this.#options.login.agreed.maxDataInBytes)))
  }

  /** SendTargets (section 4.3): this target at the address the initiator used; nothing else is understood. */
  #text(header: Buffer, data: Buffer): void {
    const whole = (header.readUInt8(1) & (flag.final | flag.continues)) === flag.final
    if (!whole || header.readUInt32BE(field.transferTag) !== noTag)
      return this.#reject(rejectReason.notSupported, header)
    const { targetName, portal } = this.#options
    const answers: Array<readonly [string, string]> = []
    for (const [key, value] of parseText(data)) {
      if (key !== "SendTargets") answers.push([key, "NotUnderstood"])
      else if (value === "All" || value === "" || value.toLowerCase() === targetName.toLowerCase()) {
        answers.push(["TargetName", targetName], ["TargetAddress", `${portal},1`])
      }
    }
    const answer = newHeader(opcode.textResponse, flag.final, header.readUInt32BE(field.tag))
    answer.writeUInt32BE(noTag, field.transferTag)
    this.#send(answer, formatText(answers))
  }

  #manage(header: Buffer): void {
    const { tasks, scsi } = this.#options
    const result = manageTasks(header, tasks, (lun) => scsi.raiseAttention(lun, sense.unitReset))
    const answer = newHeader(opcode.taskManagementResponse, flag.final, header.readUInt32BE(field.tag))
    answer[2] = result
    this.#send(answer)
  }

  /** Logout (section 11.14): recovery of a connection is the one reason we don't support. */
  #logOut(header: Buffer): void {
    const forRecovery = (header.readUInt8(1) & 0x7f) === 2
    const answer = newHeader(opcode.logoutResponse, flag.final, header.readUInt32BE(field.tag))
    answer[2] = forRecovery ? 2 : 0
    if (!forRecovery) this.#options.tasks.abortAll()
    this.#send(answer)
    if (forRecovery) return
    this.#options.output.end()
    this.#options.loggedOut()
  }

  /** Reject (section 11.17) returns the header that was wrong. */
  #reject(reason: number, header: Buffer): void {
    const answer = newHeader(opcode.reject, flag.final, noTag)
    answer[2] = reason
    this.#send(answer, Buffer.from(header))
  }

  #send(header: Buffer, data?: Buffer): void {
    this.#options.numbers.stampStatus(header)
    this.#options.output.push(encodePdu(header, data))
  }
}
