/** Bytes that may be in memory at once. Whoever wants more waits, first come first served. */
export class ByteBudget {
  readonly #waiting: Array<{ bytes: number; go: () => void }> = []
  readonly #total: number
  #used = 0

  constructor(total: number) {
    this.#total = total
  }

  /** Takes bytes when there are enough; one taker alone may exceed the total. Undefined when it needn't wait. */
  take(bytes: number): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.#fits(bytes)) {
      this.#used += bytes
      return undefined
    }
    return new Promise((go) => this.#waiting.push({ bytes, go }))
  }

  give(bytes: number): void {
    this.#used -= bytes
    for (let next = this.#waiting[0]; next && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#used += next.bytes
      next.go()
    }
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#total
  }
}
