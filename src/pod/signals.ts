/**
 * SIGTERM and SIGINT, heard from the first moment. PID 1 of a container ignores a signal it has no handler for, and the
 * kubelet sends it once: a pod deleted while its process still loads would live through its whole grace period. Entry
 * points import this before anything else.
 */
type End = (signal: NodeJS.Signals) => void

const listeners: End[] = []
let heard: NodeJS.Signals | undefined

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    heard ??= signal
    for (const end of listeners) end(signal)
  })
}

/** Calls `end` on SIGTERM and SIGINT, at once if there was one already. */
export function onTermination(end: End): void {
  listeners.push(end)
  if (heard !== undefined) end(heard)
}
