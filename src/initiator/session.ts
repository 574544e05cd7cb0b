import type { TLSSocket } from "node:tls"
import { RecoveryError } from "../api/reasons.ts"
import { field, newHeader, nextSerial, noTag, operationOf, serialDistance } from "../iscsi/header.ts"
import { asyncEvent, flag, immediate, opcode } from "../iscsi/opcode.ts"
import { status } from "../iscsi/scsi/sense.ts"
import { writeLun } from "../iscsi/scsi/lun.ts"
import { SilenceWatch } from "../iscsi/silence.ts"
import type { EstablishedLogin } from "./login.ts"
import type { InitiatorLimits } from "./options.ts"
import { ScsiFailure } from "./scsi-failure.ts"

interface Task {
  readonly lun: number
  readonly cdb: Buffer
  readonly into: Buffer
  readonly resolve: (received: number) => void
  readonly reject: (error: Error) => void
  received: number
  touchedAt: number
}

/** Bytes of requests that may wait to be sent; only a target that floods us with pings can make it so many. */
const maxUnsentBytes = 1024 * 1024
/** How long a logout may take altogether, in milliseconds. */
const logOutMs = 5000

/**
 * One session in full feature phase (RFC 7143 section 4.2): commands under way by their tag, within the command window.
 * Lives as long as its connection; a command on a lost one rejects with `ConnectionLost`.
 */
export class Session {
  readonly #socket: TLSSocket
  readonly #limits: InitiatorLimits
  readonly #tasks = new Map<number, Task>()
  readonly #waiting: Task[] = []
  readonly #silence: SilenceWatch
  readonly #watching: NodeJS.Timeout
  readonly #end: (why: RecoveryError) => void
  #cmdSn: number
  #maxCmdSn: number
  #expectedStatSn: number
  #lastTag = 1
  #why: RecoveryError | undefined
  #idle: (() => void) | undefined
  /** Resolves with the reason when the connection is gone. */
  readonly ended: Promise<RecoveryError>
  /** The target wants us to log out. */
  onLogOutRequested: () => void = () => {}

  constructor(socket: TLSSocket, login: EstablishedLogin, limits: InitiatorLimits) {
    this.#socket = socket
    this.#limits = limits
    this.#cmdSn = login.cmdSn
    this.#maxCmdSn = login.maxCmdSn
    this.#expectedStatSn = login.expectedStatSn
    this.#silence = new SilenceWatch(limits.silence, performance.now())
    const { promise, resolve } = Promise.withResolvers<RecoveryError>()
    this.ended = promise
    this.#end = resolve
    this.#watching = setInterval(() => this.#watch(), Math.min(1000, limits.silence.pingAfterMs))
  }

  /** Nothing of it may be used any more. */
  get isOver(): boolean {
    return this.#why !== undefined
  }

  /** Sends a command that reads; resolves with the bytes received. Rejects with ScsiFailure or `ConnectionLost`. */
  command(lun: number, cdb: Buffer, into: Buffer): Promise<number> {
    if (this.#why) return Promise.reject(this.#why)
    return new Promise((resolve, reject) => {
      const task = { lun, cdb, into, resolve, reject, received: 0, touchedAt: performance.now() }
      if (this.#waiting.length === 0 && this.#windowIsOpen()) this.#send(task)
      else this.#waiting.push(task)
    })
  }

  /** Lets commands under way finish, logs out, closes. Never rejects; takes at most ten seconds. */
  async logOut(): Promise<void> {
    if (this.#why) return
    if (this.#tasks.size + this.#waiting.length > 0) {
      await this.#atMost(new Promise<void>((resolve) => (this.#idle = resolve)))
    }
    this.#write(newHeader(opcode.logoutRequest | immediate, flag.final, this.#nextTag()))
    await this.#atMost(this.ended)
    this.destroy(new RecoveryError("ConnectionLost", "the session was logged out"))
  }

  /** Ends the session at once; everything under way rejects with `why`. */
  destroy(why: RecoveryError): void {
    if (this.#why) return
    this.#why = why
    clearInterval(this.#watching)
    this.#socket.destroy()
    for (const task of [...this.#tasks.values(), ...this.#waiting.splice(0)]) task.reject(why)
    this.#tasks.clear()
    this.#end(why)
  }

  /** Where the payload of a PDU goes: straight to who asked for it. */
  place(header: Buffer, length: number): Buffer | undefined {
    if (operationOf(header) !== opcode.dataIn) return undefined
    const task = this.#tasks.get(header.readUInt32BE(field.tag))
    const offset = header.readUInt32BE(40)
    if (!task || offset !== task.received || offset + length > task.into.length) {
      throw new RecoveryError("ProtocolError", "the target sends data nobody asked for")
    }
    return task.into.subarray(offset, offset + length)
  }

  /** Something was received, whole PDU or not. */
  heard(): void {
    this.#silence.heard(performance.now())
  }

  /** Takes one PDU of the target; what RFC 7143 doesn't allow throws `ProtocolError`. */
  pdu(header: Buffer, data: Buffer): void {
    this.#noteNumbers(header)
    switch (operationOf(header)) {
      case opcode.dataIn:
        return this.#dataIn(header, data)
      case opcode.scsiResponse:
        return this.#finish(header, data)
      case opcode.nopIn:
        return this.#pong(header)
      case opcode.asyncMessage:
        if (header.readUInt8(36) === asyncEvent.logoutRequested) this.onLogOutRequested()
        return
      case opcode.logoutResponse:
        return this.destroy(new RecoveryError("ConnectionLost", "the session was logged out"))
      default:
        throw new RecoveryError("ProtocolError", `the target sends a PDU of type 0x${operationOf(header).toString(16)}`)
    }
  }

  #dataIn(header: Buffer, data: Buffer): void {
    const task = this.#tasks.get(header.readUInt32BE(field.tag))
    if (!task) throw new RecoveryError("ProtocolError", "the target sends data nobody asked for")
    task.received += data.length
    task.touchedAt = performance.now()
    if ((header.readUInt8(1) & flag.status) !== 0) this.#finish(header, Buffer.alloc(0))
  }

  #finish(header: Buffer, data: Buffer): void {
    const tag = header.readUInt32BE(field.tag)
    const task = this.#tasks.get(tag)
    const isResponse = operationOf(header) === opcode.scsiResponse
    if (!task || (isResponse && header.readUInt8(2) !== 0)) {
      throw new RecoveryError("ProtocolError", "the target ends a command nobody sent")
    }
    this.#tasks.delete(tag)
    const code = header.readUInt8(3)
    if (code === status.good) task.resolve(task.received)
    else task.reject(new ScsiFailure(code, Buffer.from(data)))
    this.#pump()
    if (this.#tasks.size === 0) this.#idle?.()
  }

  /** Answers the target's ping (section 11.19). */
  #pong(header: Buffer): void {
    const transferTag = header.readUInt32BE(field.transferTag)
    if (transferTag === noTag) return
    const answer = newHeader(opcode.nopOut | immediate, flag.final, noTag)
    header.copy(answer, field.lun, field.lun, field.lun + 8)
    answer.writeUInt32BE(transferTag, field.transferTag)
    this.#write(answer)
  }

  /** StatSN counts only where a status is carried; an unasked NOP-In just shows the next one. */
  #noteNumbers(header: Buffer): void {
    const operation = operationOf(header)
    const maxCmdSn = header.readUInt32BE(field.maxCmdSn)
    if (serialDistance(maxCmdSn, this.#maxCmdSn) > 0) this.#maxCmdSn = maxCmdSn
    const hasStatus =
      operation === opcode.dataIn ? (header.readUInt8(1) & flag.status) !== 0 : header.readUInt32BE(field.tag) !== noTag
    if (hasStatus || operation === opcode.asyncMessage)
      this.#expectedStatSn = nextSerial(header.readUInt32BE(field.sequence))
    this.#pump()
  }

  #pump(): void {
    while (this.#waiting.length > 0 && this.#windowIsOpen()) {
      const task = this.#waiting.shift()
      if (task) this.#send(task)
    }
  }

  #windowIsOpen(): boolean {
    return serialDistance(this.#maxCmdSn, this.#cmdSn) >= 0
  }

  #send(task: Task): void {
    const tag = this.#nextTag()
    this.#tasks.set(tag, task)
    task.touchedAt = performance.now()
    const header = newHeader(opcode.scsiCommand, flag.final | flag.read | simpleTask, tag)
    writeLun(header, field.lun, task.lun)
    header.writeUInt32BE(task.into.length, field.expectedLength)
    task.cdb.copy(header, 32)
    this.#write(header)
    this.#cmdSn = nextSerial(this.#cmdSn)
  }

  /** Sends a request; those of one turn of the event loop share a TLS record. */
  #write(header: Buffer): void {
    header.writeUInt32BE(this.#cmdSn, field.sequence)
    header.writeUInt32BE(this.#expectedStatSn, field.expected)
    if (this.#socket.writableLength > maxUnsentBytes) {
      return this.destroy(new RecoveryError("ConnectionLost", "the target doesn't take our requests"))
    }
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork()
      process.nextTick(() => this.#socket.uncork())
    }
    this.#socket.write(header)
  }

  #watch(): void {
    const now = performance.now()
    const verdict = this.#silence.check(now)
    if (verdict === "ping") this.#ping()
    const stuck = [...this.#tasks.values()].some((task) => now - task.touchedAt > this.#limits.commandMs)
    if (verdict === "dead" || stuck)
      this.destroy(new RecoveryError("ConnectionLost", "the target doesn't answer any more"))
  }

  #ping(): void {
    const header = newHeader(opcode.nopOut | immediate, flag.final, this.#nextTag())
    header.writeUInt32BE(noTag, field.transferTag)
    this.#write(header)
  }

  #nextTag(): number {
    do this.#lastTag = nextSerial(this.#lastTag)
    while (this.#lastTag === noTag || this.#tasks.has(this.#lastTag))
    return this.#lastTag
  }

  async #atMost(what: Promise<unknown>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, logOutMs)
    await Promise.race([what, promise, this.ended])
    clearTimeout(timer)
  }
}

/** Task attribute SIMPLE (section 11.3.1). */
const simpleTask = 0x01
