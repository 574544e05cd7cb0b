import { setTimeout as delay } from "node:timers/promises"

/** Asks until the answer is something; the error of a wait that takes too long carries the last answer's words. */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  {
    seconds,
    everyMs = 250,
    describe,
  }: { seconds: number; everyMs?: number; describe?: () => Promise<string> | string },
): Promise<T> {
  const end = performance.now() + seconds * 1000
  let last: unknown
  for (;;) {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer
    } catch (error) {
      last = error
    }
    if (performance.now() > end) {
      const words = describe ? await describe() : last instanceof Error ? last.message : ""
      throw new Error(`waited ${seconds} s for ${what}${words ? `: ${words}` : ""}`, { cause: last })
    }
    await delay(everyMs)
  }
}
