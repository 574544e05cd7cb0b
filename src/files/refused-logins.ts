import type { Logger } from "pino"

/**
 * Logs refused logins, at most once a second: whoever can reach the port could otherwise fill the log. Each line says how
 * many there were since the one before.
 */
export function refusedLogins(log: Logger, now: () => number = () => performance.now()): (client?: string) => void {
  let refused = 0
  let quietUntil = -Infinity
  return (client) => {
    refused += 1
    if (now() < quietUntil) return
    log.warn({ reason: "LoginRefused", client, refused }, "login refused")
    refused = 0
    quietUntil = now() + 1000
  }
}
