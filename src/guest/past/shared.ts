interface Work<T> {
  readonly result: Promise<T>
  readonly stop: AbortController
  wanted: number
}

/** Work that several want at the same time is done once. It is aborted, and forgotten, when none of them wants it any more. */
export class Shared<T> {
  readonly #underWay = new Map<string, Work<T>>()

  /** `leave` is to be called once. */
  join(key: string, start: (signal: AbortSignal) => Promise<T>): { result: Promise<T>; leave: () => void } {
    const work = this.#underWay.get(key) ?? this.#start(key, start)
    work.wanted++
    const leave = () => {
      if (--work.wanted > 0) return
      this.#underWay.delete(key)
      work.stop.abort()
    }
    return { result: work.result, leave }
  }

  #start(key: string, start: (signal: AbortSignal) => Promise<T>): Work<T> {
    const stop = new AbortController()
    const work = { result: start(stop.signal), stop, wanted: 0 }
    this.#underWay.set(key, work)
    return work
  }
}
