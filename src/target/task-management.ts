import { field } from "../iscsi/header.ts"
import { readLun } from "../iscsi/scsi/lun.ts"
import type { ReadTasks } from "./read-tasks.ts"

const fn = { abortTask: 1, abortTaskSet: 2, clearTaskSet: 4, unitReset: 5, reassign: 8 } as const
const result = { complete: 0, noSuchTask: 1, noSuchUnit: 2, reassignUnsupported: 4, unsupported: 5 } as const

/**
 * Task management (RFC 7143 section 11.5) within one session: what is aborted gets no answer any more.
 * Returns the response code. Nothing here disturbs other sessions: reads don't conflict.
 */
export function manageTasks(header: Buffer, tasks: ReadTasks, wasReset: (lun: number) => void): number {
  const lun = readLun(header, field.lun)
  switch (header.readUInt8(1) & 0x7f) {
    case fn.abortTask:
      return tasks.abort(header.readUInt32BE(field.transferTag)) ? result.complete : result.noSuchTask
    case fn.abortTaskSet:
    case fn.clearTaskSet:
      if (lun === undefined) return result.noSuchUnit
      tasks.abortAll(lun)
      return result.complete
    case fn.unitReset:
      if (lun === undefined) return result.noSuchUnit
      tasks.abortAll(lun)
      wasReset(lun)
      return result.complete
    case fn.reassign:
      return result.reassignUnsupported
    default:
      return result.unsupported
  }
}
