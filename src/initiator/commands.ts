import { setTimeout as delay } from "node:timers/promises"
import { RecoveryError } from "../api/reasons.ts"
import { ScsiFailure } from "./scsi-failure.ts"
import type { Session } from "./session.ts"

/** How often a command is sent again because of what passes: unit attentions come once each, a busy target may last. */
const mostTries = 8
const pauseMs = 50

/** Sends a command; sends it again while its failure is of the passing kind. Resolves with the bytes received. */
export async function sendCommand(session: Session, lun: number, cdb: Buffer, into: Buffer): Promise<number> {
  for (let tries = 1; ; tries++) {
    try {
      return await session.command(lun, cdb, into)
    } catch (error) {
      if (!(error instanceof ScsiFailure) || !error.isPassing || tries === mostTries) throw error
      if (tries > 1) await delay(pauseMs * tries)
    }
  }
}

/** Sends a command for parameter data of at most `room` bytes. */
export async function ask(session: Session, lun: number, cdb: Buffer, room: number): Promise<Buffer> {
  const into = Buffer.alloc(room)
  const received = await sendCommand(session, lun, cdb, into)
  return into.subarray(0, received)
}

/** The error for a logical unit that doesn't answer as it must. */
export function unitFailure(lun: number, why: string, cause?: unknown): RecoveryError {
  return new RecoveryError("DiskUnreadable", `logical unit ${lun} of the target can't be read: ${why}`, { cause })
}
