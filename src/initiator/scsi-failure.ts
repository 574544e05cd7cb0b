import { parseSense, status as scsiStatus, unitAttention, type Sense } from "../iscsi/scsi/sense.ts"

/** A command the target carried out and that didn't end with GOOD. */
export class ScsiFailure extends Error {
  override readonly name = "ScsiFailure"
  readonly status: number
  readonly sense: Sense

  /** `data` is the data segment of a SCSI Response: two bytes of length, then sense data (RFC 7143 section 11.4.7). */
  constructor(status: number, data: Buffer) {
    const sense = parseSense(data.subarray(2))
    super(status === scsiStatus.checkCondition ? sense.text : `SCSI status 0x${status.toString(16)}`)
    this.status = status
    this.sense = sense
  }

  /** Whether the same command can succeed when it is sent again. */
  get isPassing(): boolean {
    if (this.status === scsiStatus.busy || this.status === scsiStatus.taskSetFull) return true
    return this.status === scsiStatus.checkCondition && this.sense.key === unitAttention
  }
}
