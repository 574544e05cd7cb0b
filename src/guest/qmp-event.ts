import { RecoveryError } from "../api/reasons.ts"
import type { Qmp, QmpEvent } from "./qmp.ts"

/**
 * Resolves when QEMU has told of an event, or when `happened`, which is asked once it is listened for, says that it had come
 * before. Rejects when QEMU ends first.
 */
export async function untilEvent(
  qmp: Qmp,
  is: (event: QmpEvent) => boolean,
  happened: () => Promise<boolean>,
): Promise<void> {
  const { promise: told, resolve, reject } = Promise.withResolvers<void>()
  told.catch(() => undefined) // it may have happened before
  const stop = qmp.onEvent((event) => {
    if (is(event)) resolve()
  })
  void qmp.closed.then(() => reject(new RecoveryError("GuestFailed", "The micro-VM has ended.")))
  try {
    if (!(await happened())) await told
  } finally {
    stop()
  }
}
