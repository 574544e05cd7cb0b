import { useEffect, useRef } from "preact/hooks"

/** Asks before everybody's access ends. */
export function UnmountDialog({ name, answer }: { name: string; answer: (isWanted: boolean) => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} aria-labelledby="unmount-title" onClose={() => answer(dialog.current?.returnValue === "yes")}>
      <form method="dialog">
        <h2 id="unmount-title">Unmount {name}?</h2>
        <p>
          Nobody can read its files any more. Downloads under way get half a minute. What was made for the session is
          removed; the snapshot stays as it is.
        </p>
        <div class="actions">
          <button value="no">Keep it</button>
          <button value="yes" class="danger">
            Unmount
          </button>
        </div>
      </form>
    </dialog>
  )
}
