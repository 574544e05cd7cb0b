/** What threads have had of CPUs since they began, milliseconds, summed. */
export interface CpuUse {
  readonly ranMs: number
  /** Ready to run, and waiting: others ran, or the CPU limit of their container was used up. */
  readonly waitedMs: number
}

/**
 * For how much of a span threads stood still for want of CPU, milliseconds: of the time they wanted to run, the share they did not
 * get. Threads that work for each other, one after the other, want to run once in the span; those that run side by side
 * count with what they got together. At most the span, and at most what they waited; 0 while they wait for anything else.
 */
export function deniedMs(spanMs: number, before: CpuUse, after: CpuUse): number {
  const ran = Math.max(0, after.ranMs - before.ranMs)
  const waited = Math.max(0, after.waitedMs - before.waitedMs)
  const wanted = ran + waited
  return wanted === 0 ? 0 : Math.max(0, Math.min(spanMs, wanted)) * (waited / wanted)
}
