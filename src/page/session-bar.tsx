import { useEffect, useState } from "preact/hooks"
import { dateTime, timeLeft } from "./format.ts"
import { asServiceError, useNow, useService } from "./hooks.ts"
import type { ServiceError } from "./service.ts"
import type { SessionInfo } from "./session-info.ts"
import { UnmountDialog } from "./unmount-dialog.tsx"

const lookEveryMs = 10_000
const soonMs = 15 * 60_000

/** Which session this is, how long it still lasts, and what its owner can do about that. */
export function SessionBar() {
  const service = useService()
  const [session, setSession] = useState<SessionInfo>()
  const [error, setError] = useState<ServiceError>()
  const [asks, setAsks] = useState(false)
  const looked = useNow(lookEveryMs)
  useEffect(() => void show(() => service.session()), [service, looked])

  async function show(action: () => Promise<SessionInfo>): Promise<void> {
    try {
      const now = await action()
      setSession(now)
      setError(undefined)
      document.title = `${now.name} – file recovery`
    } catch (failure) {
      setError(asServiceError(failure))
    }
  }

  return (
    <header>
      <a class="skip" href="#main" onClick={(event) => skip(event)}>
        To the files
      </a>
      <p class="session">
        <strong>{session?.name ?? "…"}</strong>
        {session?.recoveryPoint && <span class="quiet"> as of {dateTime(session.recoveryPoint)}</span>}
      </p>
      {session && <Countdown session={session} />}
      {session?.phase === "Ready" && (
        <div class="actions">
          {session.canExtend && (
            <button type="button" onClick={() => void show(() => service.extend())}>
              One hour more
            </button>
          )}
          {session.canUnmount && (
            <button type="button" onClick={() => setAsks(true)}>
              Unmount…
            </button>
          )}
        </div>
      )}
      {error && (
        <p class="failure" role="alert">
          {error.message}
        </p>
      )}
      {asks && session && (
        <UnmountDialog
          name={session.name}
          answer={(isWanted) => {
            setAsks(false)
            if (isWanted) void show(() => service.unmount())
          }}
        />
      )}
    </header>
  )
}

function Countdown({ session }: { session: SessionInfo }) {
  const now = useNow(1000)
  if (session.phase !== "Ready")
    return (
      <p class="ends soon" role="status">
        {session.phase}: nothing can be read any more
      </p>
    )
  if (session.expiresAt === undefined) return <p class="ends quiet">until “open” is stopped</p>
  const left = Date.parse(session.expiresAt) - now
  return (
    <p class={left < soonMs ? "ends soon" : "ends"} role="timer">
      ends in {timeLeft(left)} <span class="quiet">({dateTime(session.expiresAt)})</span>
    </p>
  )
}

/** The address says where the page is, so the link only moves the focus. */
function skip(event: Event): void {
  event.preventDefault()
  document.getElementById("main")?.focus()
}
