/** Told how many logins were refused since the last time, and from where the newest came. */
export type TellRefused = (refused: number, client: string | undefined) => void

export interface RefusedLogins {
  readonly refused: (client?: string) => void
  /** Tells of those nothing was told of yet. */
  readonly flush: () => void
}

/** Tells of refused logins at most once a second: whoever can reach the port could otherwise fill log and audit. */
export function refusedLogins(tell: TellRefused, now: () => number = () => performance.now()): RefusedLogins {
  let refused = 0
  let from: string | undefined
  let quietUntil = -Infinity
  const flush = () => {
    if (refused > 0) tell(refused, from)
    refused = 0
  }
  return {
    refused: (client) => {
      refused += 1
      from = client
      if (now() < quietUntil) return
      flush()
      quietUntil = now() + 1000
    },
    flush,
  }
}
