import type { IncomingMessage, ServerResponse } from "node:http"
import type { Reason } from "../../api/reasons.ts"
import type { Login } from "../auth.ts"
import type { Route } from "../route.ts"
import type { Tally } from "../tally.ts"
import type { AuditEntry } from "./chain.ts"
import { whatOf } from "./of-route.ts"
import type { AuditTrail } from "./trail.ts"

/** What the audit has to know of a request; filled in while it is answered. */
export interface Account {
  /** Address and port, known as long as the connection was open. */
  readonly client: string | undefined
  readonly via: AuditEntry["via"]
  readonly tally: Tally
  login?: Login
  route?: Route
}

/** Records an answered request of somebody who had logged in. Strangers are the business of refusedLogins. */
export function recordRequest(
  trail: AuditTrail,
  { client, via, tally, login, route }: Account,
  request: IncomingMessage,
  response: ServerResponse,
  failure: Reason | undefined,
): void {
  if (login === undefined) return
  const query = request.url?.split("?").slice(1).join("?") ?? ""
  const what = route ? whatOf(route, query, request.headers.range) : { event: "Request" as const }
  if (what === undefined) return
  // some refusals are no errors: a method there is none of, a condition that doesn't hold
  const outcome = failure ?? (response.statusCode >= 400 ? "UsageError" : "Ok")
  const counted = tally.count > 0 ? { count: tally.count } : {}
  trail.record({ ...what, via, who: login.who, ...where(client), bytes: tally.bytes, ...counted, outcome })
}

export const where = (client: string | undefined) => (client === undefined ? {} : { client })

export function clientOf({ socket }: IncomingMessage): string | undefined {
  const { remoteAddress, remotePort } = socket
  return remoteAddress === undefined ? undefined : `${remoteAddress}:${remotePort ?? 0}`
}
