import type { Socket } from "node:net"
import type { BufferPool } from "../block/buffer-pool.ts"

interface Item {
  readonly bytes: Buffer
  readonly done: (() => void) | undefined
}

/** PDUs up to this many bytes are copied together into one write; larger ones are written as they are. */
const gatherBelow = 32 * 1024
const gatherBytes = 64 * 1024

/** What waits to be sent on a connection: large PDUs go out without a copy, small ones share a write. */
export class OutputQueue {
  readonly #socket: Socket
  readonly #pool: BufferPool
  #items: Item[] = []
  #head = 0
  #writing = false
  #scheduled = false
  #ending = false
  #closed = false
  /** Bytes handed over and not yet taken by the system. */
  queuedBytes = 0
  /** Called after each write that the system took. */
  onProgress: () => void = () => {}

  constructor(socket: Socket, pool: BufferPool) {
    this.#socket = socket
    this.#pool = pool
  }

  /** Sends these bytes in their turn. `done` is called exactly once when they can be used again, sent or not. */
  push(bytes: Buffer, done?: () => void): void {
    if (this.#closed || this.#ending) {
      done?.()
      return
    }
    this.queuedBytes += bytes.length
    this.#items.push({ bytes, done })
    this.#schedule()
  }

  /** Sends what is queued, then closes the socket's sending side. */
  end(): void {
    this.#ending = true
    this.#schedule()
  }

  /** Drops what is queued; the socket is gone. */
  close(): void {
    this.#closed = true
    const dropped = this.#items.slice(this.#head)
    this.#items = []
    this.#head = 0
    for (const { done } of dropped) done?.()
  }

  #schedule(): void {
    if (this.#writing || this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#closed || this.#writing) return
    const first = this.#items[this.#head]
    if (!first) {
      if (this.#ending) this.#socket.end()
      return
    }
    if (first.bytes.length > gatherBelow || this.#head + 1 === this.#items.length) {
      this.#head++
      this.#write(first.bytes, [first])
    } else {
      this.#gather()
    }
    if (this.#head === this.#items.length || this.#head >= 256) {
      this.#items.splice(0, this.#head)
      this.#head = 0
    }
  }

  #gather(): void {
    const together = this.#pool.take(gatherBytes)
    const taken: Item[] = []
    let length = 0
    for (let item = this.#items[this.#head]; item; item = this.#items[this.#head]) {
      if (item.bytes.length > gatherBelow || length + item.bytes.length > gatherBytes) break
      length += item.bytes.copy(together, length)
      taken.push(item)
      this.#head++
    }
    taken.push({ bytes: together, done: () => this.#pool.give(together) })
    this.#write(together.subarray(0, length), taken)
  }

  #write(bytes: Buffer, items: Item[]): void {
    this.#writing = true
    this.#socket.write(bytes, () => {
      this.#writing = false
      this.queuedBytes -= bytes.length
      for (const { done } of items) done?.()
      this.onProgress()
      this.#flush()
    })
  }
}
