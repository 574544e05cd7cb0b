/** What an error says, with what was suppressed by a failing clean-up and with what came together: nothing of it is lost. */
export function wordsOf(error: unknown): string {
  if (error instanceof SuppressedError)
    return `${wordsOf(error.suppressed)}; and then, while it was undone: ${wordsOf(error.error)}`
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join("; ")
  return error instanceof Error ? error.message : String(error)
}
