import type { BlockDevice } from "../block/device.ts"
import { field, headerBytes, newHeader, noTag, paddingFor, setResidual } from "../iscsi/header.ts"
import type { Agreed } from "../iscsi/negotiation.ts"
import { flag, opcode } from "../iscsi/opcode.ts"
import type { BufferPool } from "../block/buffer-pool.ts"
import type { OutputQueue } from "./output.ts"
import type { SequenceNumbers } from "./sequence.ts"

/** A READ on its way: `expected` is what the initiator has room for, `available` what the command names, in bytes. */
export interface ReadTask {
  readonly tag: number
  readonly lun: number
  readonly device: BlockDevice
  readonly offset: number
  readonly expected: number
  readonly available: number
}

export interface ReadTasksOptions {
  readonly agreed: Agreed
  readonly numbers: SequenceNumbers
  readonly output: OutputQueue
  readonly pool: BufferPool
  readonly bytesInMemory: number
  /** A disk's bytes were handed over. */
  readonly served: (bytes: number) => void
  /** The disk couldn't be read; the task is over and needs its SCSI status. */
  readonly failed: (task: ReadTask, error: unknown) => void
}

/** The longest payload of one Data-In PDU, in bytes: fewer, larger writes are what makes the target quick. */
const maxChunkBytes = 256 * 1024

interface Running extends ReadTask {
  readonly length: number
  /** Bytes asked of the disk, and bytes handed to the output. */
  issued: number
  sent: number
  dataSn: number
  aborted: boolean
  /** Chunks that arrived before the one that must be sent next. */
  readonly early: Map<number, Chunk>
}

interface Chunk {
  readonly offset: number
  readonly bytes: number
  readonly buffer: Buffer
}

/**
 * Reads disks and sends the bytes as Data-In PDUs (RFC 7143 section 11.7); the last one carries the status. Commands are
 * served in their order, so that one is finished while the next is read; slow reads overlap.
 */
export class ReadTasks {
  readonly #options: ReadTasksOptions
  readonly #running = new Map<number, Running>()
  /** Tasks of which something is still to be asked of the disk. */
  readonly #queue: Running[] = []
  #bytesInMemory = 0

  constructor(options: ReadTasksOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#running.size
  }

  start(task: ReadTask): void {
    const length = Math.min(task.expected, task.available)
    const running = { ...task, length, issued: 0, sent: 0, dataSn: 0, aborted: false, early: new Map<number, Chunk>() }
    this.#running.set(task.tag, running)
    this.#options.numbers.busy++
    this.#queue.push(running)
    this.#pump()
  }

  /** Ends a task without an answer; false when there is none with this tag. */
  abort(tag: number): boolean {
    const task = this.#running.get(tag)
    if (task) this.#end(task)
    return task !== undefined
  }

  /** Ends all tasks, or those of one logical unit. */
  abortAll(lun?: number): void {
    for (const task of this.#running.values()) if (lun === undefined || task.lun === lun) this.#end(task)
  }

  #end(task: Running): void {
    task.aborted = true
    if (this.#running.get(task.tag) === task) this.#running.delete(task.tag)
    this.#options.numbers.busy--
    for (const chunk of task.early.values()) this.#free(chunk)
    task.early.clear()
  }

  /** Asks the disks for as much as may be in memory. */
  #pump(): void {
    for (let task = this.#queue[0]; task; task = this.#queue[0]) {
      if (task.aborted || task.issued === task.length) this.#queue.shift()
      else if (!this.#issue(task)) return
    }
  }

  #issue(task: Running): boolean {
    const bytes = this.#nextChunk(task.length, task.issued)
    const cost = headerBytes + bytes + 3
    if (this.#bytesInMemory > 0 && this.#bytesInMemory + cost > this.#options.bytesInMemory) return false
    const buffer = this.#options.pool.take(cost)
    this.#bytesInMemory += buffer.length
    const chunk = { offset: task.issued, bytes, buffer }
    task.issued += bytes
    this.#read(task, chunk)
    return true
  }

  #read(task: Running, chunk: Chunk): void {
    const { device } = task
    const into = chunk.buffer.subarray(headerBytes, headerBytes + chunk.bytes)
    const offset = task.offset + chunk.offset
    try {
      if (device.readNow?.(into, offset)) this.#arrived(task, chunk)
      else device.read(into, offset).then(this.#arrived.bind(this, task, chunk), this.#failed.bind(this, task, chunk))
    } catch (error) {
      this.#failed(task, chunk, error)
    }
  }

  #arrived(task: Running, chunk: Chunk): void {
    if (task.aborted) return this.#free(chunk)
    task.early.set(chunk.offset, chunk)
    for (let next = task.early.get(task.sent); next; next = task.early.get(task.sent)) {
      task.early.delete(next.offset)
      this.#send(task, next)
    }
  }

  #failed(task: Running, chunk: Chunk, error: unknown): void {
    this.#free(chunk)
    if (task.aborted) return
    this.#end(task)
    this.#options.failed(task, error)
  }

  #free(chunk: Chunk): void {
    this.#bytesInMemory -= chunk.buffer.length
    this.#options.pool.give(chunk.buffer)
    this.#pump()
  }

  /** Whole four-byte words, within what the initiator takes in one PDU and within its burst. */
  #nextChunk(length: number, sent: number): number {
    const { maxDataInBytes, maxBurstBytes } = this.#options.agreed
    const most = Math.min(maxChunkBytes, maxDataInBytes & ~3, maxBurstBytes - (sent % maxBurstBytes))
    return Math.min(most, length - sent)
  }

  #send(task: Running, chunk: Chunk): void {
    const { numbers, output, agreed, served } = this.#options
    const { bytes, buffer } = chunk
    task.sent += bytes
    const last = task.sent === task.length
    const endOfBurst = task.sent % agreed.maxBurstBytes === 0
    const header = newHeader(opcode.dataIn, (last || endOfBurst ? flag.final : 0) | (last ? flag.status : 0), task.tag)
    header.writeUIntBE(bytes, 5, 3)
    header.writeUInt32BE(noTag, field.transferTag)
    header.writeUInt32BE(task.dataSn++, 36)
    header.writeUInt32BE(chunk.offset, 40)
    if (last) {
      this.#end(task)
      setResidual(header, task.expected, task.available)
      numbers.stampStatus(header)
    } else {
      numbers.stampData(header)
    }
    header.copy(buffer)
    const end = headerBytes + bytes
    buffer.fill(0, end, end + paddingFor(bytes))
    served(bytes)
    output.push(buffer.subarray(0, end + paddingFor(bytes)), () => this.#free(chunk))
  }
}
