/**
 * SIGTERM and SIGINT, heard from the first moment: a process that is still loading notes what it is told, and ends in
 * order once it can. Entry points import this before anything else. (Before that the signal just ends it: node is never
 * PID 1, see children/pod.ts.)
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
