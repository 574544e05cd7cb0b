interface Waiter {
  readonly resolve: (port: number) => void
  readonly reject: (error: unknown) => void
}

/** The session ports: each has one user at a time; who comes when all are taken waits its turn. */
export class PortPool {
  readonly #free: number[]
  readonly #waiters: Waiter[] = []
  #failure: Error | undefined
  /** Asked to give up a port that is held but not used, whenever somebody has to wait. */
  reclaim: () => void = () => undefined

  constructor(ports: number) {
    this.#free = Array.from({ length: ports }, (_, port) => port)
  }

  get free(): number {
    return this.#free.length
  }

  get waiting(): number {
    return this.#waiters.length
  }

  /** A port, in the order of asking. Rejects with the signal's reason when it aborts first. */
  async lease(signal: AbortSignal | undefined): Promise<number> {
    signal?.throwIfAborted()
    if (this.#failure !== undefined) throw this.#failure
    const port = this.#free.shift()
    if (port !== undefined) return port
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const waiter = { resolve, reject }
    const leave = () => {
      const place = this.#waiters.indexOf(waiter)
      if (place !== -1) this.#waiters.splice(place, 1)
      reject(signal?.reason)
    }
    this.#waiters.push(waiter)
    signal?.addEventListener("abort", leave, { once: true })
    this.reclaim()
    return promise.finally(() => signal?.removeEventListener("abort", leave))
  }

  release(port: number): void {
    const waiter = this.#waiters.shift()
    if (waiter === undefined) this.#free.push(port)
    else waiter.resolve(port)
  }

  /** The guest is gone: nobody gets a port any more. */
  fail(reason: Error): void {
    this.#failure = reason
    for (const { reject } of this.#waiters.splice(0)) reject(reason)
  }
}
