import type { NamedDisk } from "../block/device.ts"
import { encodePdu, field, newHeader, noTag, setResidual } from "../iscsi/header.ts"
import { flag, opcode } from "../iscsi/opcode.ts"
import { execute } from "../iscsi/scsi/commands.ts"
import { readLun } from "../iscsi/scsi/lun.ts"
import { fixedSense, sense, status, type Sense } from "../iscsi/scsi/sense.ts"
import type { LogicalUnit } from "../iscsi/scsi/unit.ts"
import type { Agreed } from "../iscsi/negotiation.ts"
import type { Tally } from "./counters.ts"
import type { OutputQueue } from "./output.ts"
import type { ReadTask, ReadTasks } from "./read-tasks.ts"
import type { SequenceNumbers } from "./sequence.ts"

/** A disk as a logical unit: what SCSI may know, and where the bytes are. */
export interface UnitOnDisk extends LogicalUnit {
  readonly disk: NamedDisk
}

export interface ScsiResponderOptions {
  readonly units: ReadonlyMap<number, UnitOnDisk>
  readonly agreed: Agreed
  readonly numbers: SequenceNumbers
  readonly output: OutputQueue
  readonly tasks: ReadTasks
  readonly tally: Tally
}

/** Reads that may be under way at once in a session; more are told TASK SET FULL. */
const maxTasks = 256

/** Executes SCSI Command PDUs (RFC 7143 section 11.3) of one session and answers them. */
export class ScsiResponder {
  readonly #options: ScsiResponderOptions
  readonly #luns: readonly number[]
  readonly #attentions = new Map<number, Sense>()

  constructor(options: ScsiResponderOptions) {
    this.#options = options
    this.#luns = [...options.units.keys()]
    for (const lun of this.#luns) this.#attentions.set(lun, sense.powerOn)
  }

  /** The next command on this unit is told about a reset. */
  raiseAttention(lun: number, what: Sense): void {
    this.#attentions.set(lun, what)
  }

  /** `header` may be reused by the caller afterwards. */
  command(header: Buffer): void {
    const flags = header.readUInt8(1)
    const tag = header.readUInt32BE(field.tag)
    const expected = header.readUInt32BE(field.expectedLength)
    const lun = readLun(header, field.lun) ?? -1
    const unit = this.#options.units.get(lun)
    const outcome = execute(header.subarray(32, 48), {
      unit,
      luns: this.#luns,
      takeAttention: () => this.#takeAttention(lun),
    })
    const transfers = (flags & (flag.read | flag.write)) !== 0 ? expected : 0
    switch (outcome.kind) {
      case "good":
        return this.#finish(tag, status.good, transfers, 0)
      case "check":
        if (outcome.sense === sense.writeProtected) this.#options.tally.writeAttempts++
        return this.#check(tag, outcome.sense, transfers)
      case "data":
        return this.#data(tag, flags, expected, outcome.data)
      case "read":
        if (unit) this.#read(flags, { tag, lun, expected, ...extent(unit, outcome) })
    }
  }

  /** The status of a read whose disk failed. */
  mediumError(task: ReadTask): void {
    this.#check(task.tag, sense.mediumError, task.expected)
  }

  #takeAttention(lun: number): Sense | undefined {
    const attention = this.#attentions.get(lun)
    if (attention) this.#attentions.delete(lun)
    return attention
  }

  #read(flags: number, task: ReadTask): void {
    const { tag, expected, available } = task
    if (this.#options.tasks.size >= maxTasks) return this.#finish(tag, status.taskSetFull, expected, 0)
    // flagged as no read, or as a write only: no data may flow, yet the command itself succeeds
    if ((flags & flag.read) === 0 && available > 0) {
      return (flags & flag.write) === 0
        ? this.#finish(tag, status.good, 0, available)
        : this.#finish(tag, status.good, expected, 0)
    }
    if (Math.min(expected, available) === 0) return this.#finish(tag, status.good, expected, available)
    this.#options.tally.lastReadAt = Date.now()
    this.#options.tasks.start(task)
  }

  /** Parameter data: one Data-In with status. It always fits, being shorter than 8 KiB. */
  #data(tag: number, flags: number, expected: number, data: Buffer): void {
    if ((flags & flag.read) === 0) return this.#finish(tag, status.good, 0, data.length)
    const sent = data.subarray(0, Math.min(expected, this.#options.agreed.maxDataInBytes))
    if (sent.length === 0) return this.#finish(tag, status.good, expected, data.length)
    const header = newHeader(opcode.dataIn, flag.final | flag.status, tag)
    header.writeUInt32BE(noTag, field.transferTag)
    setResidual(header, expected, data.length)
    this.#send(header, sent)
  }

  #check(tag: number, what: Sense, expected: number): void {
    const fixed = fixedSense(what)
    this.#finish(tag, status.checkCondition, expected, 0, Buffer.concat([Buffer.of(0, fixed.length), fixed]))
  }

  /** A SCSI Response PDU (section 11.4). */
  #finish(tag: number, code: number, expected: number, available: number, data?: Buffer): void {
    const header = newHeader(opcode.scsiResponse, flag.final, tag)
    header[3] = code
    setResidual(header, expected, available)
    this.#send(header, data)
  }

  #send(header: Buffer, data?: Buffer): void {
    this.#options.numbers.stampStatus(header)
    this.#options.output.push(encodePdu(header, data))
  }
}

function extent(unit: UnitOnDisk, { block, blocks }: { block: number; blocks: number }) {
  return { device: unit.disk.device, offset: block * unit.blockSize, available: blocks * unit.blockSize }
}
