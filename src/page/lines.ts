/** Reads newline-delimited JSON as it comes: each time all lines that are there. Leaving the loop gives the rest up. */
export async function* linesOf<T>({ body }: Response): AsyncGenerator<T[]> {
  if (!body) return
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  try {
    let rest = ""
    for (;;) {
      const { done, value } = await reader.read()
      const parts = (rest + (value ?? "")).split("\n")
      rest = parts.pop() ?? ""
      const lines = (done ? [...parts, rest] : parts).filter((line) => line !== "")
      if (lines.length > 0) yield lines.map((line) => JSON.parse(line) as T)
      if (done) return
    }
  } finally {
    void reader.cancel().catch(() => undefined)
  }
}
