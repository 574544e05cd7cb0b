import { field, nextSerial, serialDistance } from "../iscsi/header.ts"

/** Commands an initiator may have sent beyond the last one we took (RFC 7143 section 4.2.2.1). */
const window = 128

/** The numbers every PDU of a session carries: StatSN of the connection, ExpCmdSN and MaxCmdSN of the session. */
export class SequenceNumbers {
  #statSn = 1
  #expectedCmdSn = 0
  /** Commands taken but not answered; they make the window smaller, so that a peer can't pile them up. */
  busy = 0

  /** The CmdSN of the leading login is where the session's commands start. */
  startAt(cmdSn: number): void {
    this.#expectedCmdSn = cmdSn
  }

  /** Whether a command that isn't immediate is the next one; moves on when it is. */
  place(cmdSn: number): "next" | "outside" | "gap" {
    const distance = serialDistance(cmdSn, this.#expectedCmdSn)
    if (distance < 0 || distance >= window - this.busy) return "outside"
    if (distance > 0) return "gap"
    this.#expectedCmdSn = nextSerial(cmdSn)
    return "next"
  }

  /** Writes the three numbers into a header that carries a status, which uses up a StatSN. */
  stampStatus(header: Buffer): void {
    this.stampData(header)
    header.writeUInt32BE(this.#statSn, field.sequence)
    this.#statSn = nextSerial(this.#statSn)
  }

  /** The same for a PDU that answers nothing (a NOP-In of our own): the next StatSN is shown, not used up. */
  stampOffer(header: Buffer): void {
    this.stampData(header)
    header.writeUInt32BE(this.#statSn, field.sequence)
  }

  /** ExpCmdSN and MaxCmdSN only: a Data-In without status. */
  stampData(header: Buffer): void {
    header.writeUInt32BE(this.#expectedCmdSn, field.expected)
    header.writeUInt32BE((this.#expectedCmdSn + window - 1 - this.busy) >>> 0, field.maxCmdSn)
  }
}
