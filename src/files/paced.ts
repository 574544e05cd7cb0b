/** Steps of an iteration, and `undefined` whenever none came for `everyMs`. Leaving the loop ends the iteration. */
export async function* paced<T>(items: AsyncIterable<T>, everyMs: number): AsyncGenerator<T | undefined> {
  const iterator = items[Symbol.asyncIterator]()
  let next: Promise<IteratorResult<T>> | undefined
  try {
    for (;;) {
      next ??= iterator.next()
      const step = await orQuiet(next, everyMs)
      if (step === undefined) yield undefined
      else if (step.done) return
      else {
        next = undefined
        yield step.value
      }
    }
  } finally {
    next?.catch(() => undefined) // nobody waits for it any more
    await iterator.return?.()
  }
}

async function orQuiet<T>(next: Promise<T>, everyMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const quiet = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), everyMs)))
  try {
    return await Promise.race([next, quiet])
  } finally {
    clearTimeout(timer)
  }
}
