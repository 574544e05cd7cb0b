import { reasons } from "../api/reasons.ts"
import type { Reason } from "../api/reasons.ts"

/** What a check says: a code of the error table and the sentence for people. */
export interface Verdict {
  reason: Reason
  message: string
}

/** The sentence, followed by what to do about it. */
export function verdict(reason: Reason, message: string): Verdict {
  const { cure } = reasons[reason]
  return { reason, message: cure === "" ? message : `${sentence(message)} ${cure}` }
}

/** Words of drivers and of the API server often end without a full stop. */
const sentence = (words: string) => (/[.!?:]$/.test(words) ? words : `${words}.`)

/** Tells a verdict from the result a choice came to. */
export function isVerdict(value: object): value is Verdict {
  return "reason" in value && "message" in value
}

/** Whether waiting can help. */
export function heals({ reason }: Verdict): boolean {
  return reasons[reason].heals
}
