import { RecoveryError } from "../api/reasons.ts"
import type { Late } from "./cpu/guest-clock.ts"
import { howLate } from "./cpu/words.ts"

/** Something in the guest has taken longer than it may. */
export class TooLate extends RecoveryError {
  readonly late: Late

  /** `what`: a sentence that goes on with how late it is. */
  constructor(what: string, late: Late, options?: ErrorOptions) {
    super("GuestFailed", `${what} ${howLate(late)}`, options)
    this.late = late
  }
}

/** Whether this is what a guest ended with that was never given the CPU it needed. */
export const isForWantOfCpu = (error: unknown) => error instanceof TooLate && error.late.starved
