import { loginStatus } from "../iscsi/login-status.ts"
import type { Refusal } from "./counters.ts"

/** Ends a login: the status the initiator is told, and the counter it goes to (none when we are merely not available). */
export class LoginRefusal extends Error {
  override readonly name = "LoginRefusal"
  readonly status: number
  readonly counter: Refusal | undefined

  constructor(status: number, counter: Refusal | undefined, message: string) {
    super(message)
    this.status = status
    this.counter = counter
  }
}

/** A wrong or missing answer in CHAP. */
export function chapRefusal(message: string): LoginRefusal {
  return new LoginRefusal(loginStatus.authenticationFailed, "chap", message)
}

/** A login that RFC 7143 doesn't allow. */
export function protocolRefusal(message: string, status: number = loginStatus.invalidRequest): LoginRefusal {
  return new LoginRefusal(status, "protocol", message)
}
