import { RecoveryError } from "../api/reasons.ts"
import type { BufferPool } from "../block/buffer-pool.ts"
import type { ByteBudget } from "../block/byte-budget.ts"
import type { BlockDevice } from "../block/device.ts"
import type { ByteReader } from "./byte-reader.ts"
import { command, magic, maxRequestBytes, nbdError, size } from "./protocol.ts"

export interface TransmissionOptions {
  readonly device: BlockDevice
  readonly pool: BufferPool
  /** Replies in memory, those of all connections of a server: a client may open many. */
  readonly budget: ByteBudget
  /** Sends bytes; calls back when they may be used again. */
  readonly send: (bytes: Buffer, done?: () => void) => void
  /** A read failed; the client is told EIO. */
  readonly failed: (offset: number, error: unknown) => void
}

/** Requests that may be under way at once; more wait in the socket. */
const maxRequests = 64

/** The transmission phase: several reads under way, each answered by a simple reply when it is done, in any order. */
export class Transmission {
  readonly #options: TransmissionOptions
  #underWay = 0
  /** Bytes of a refused write that are still to come. */
  #unwanted = 0

  constructor(options: TransmissionOptions) {
    this.#options = options
  }

  /** Whether the client must wait until some requests are done. */
  get isBusy(): boolean {
    return this.#underWay >= maxRequests
  }

  /** Takes what requests there are. False when the client wants to disconnect; a broken client throws `ProtocolError`. */
  take(input: ByteReader): boolean {
    while (!this.isBusy) {
      this.#unwanted -= input.skip(this.#unwanted)
      if (this.#unwanted > 0) return true
      const request = input.take(size.request)
      if (!request) return true
      if (request.readUInt32BE(0) !== magic.request) {
        throw new RecoveryError(
          "ProtocolError",
          "the NBD client breaks the protocol: it sends no request where one must be",
        )
      }
      if (!this.#execute(request)) return false
    }
    return true
  }

  #execute(request: Buffer): boolean {
    const type = request.readUInt16BE(6)
    const cookie = request.readBigUInt64BE(8)
    const length = request.readUInt32BE(24)
    switch (type) {
      case command.read:
        this.#startRead(cookie, request.readBigUInt64BE(16), length)
        return true
      case command.write:
        this.#unwanted = length
        this.#options.send(replyHeader(nbdError.notPermitted, cookie))
        return true
      case command.disconnect:
        return false
      default:
        // only commands we advertise may come; all others that exist would change the disk
        this.#options.send(replyHeader(type <= 6 ? nbdError.notPermitted : nbdError.invalid, cookie))
        return true
    }
  }

  #startRead(cookie: bigint, offset: bigint, length: number): void {
    const end = offset + BigInt(length)
    if (length === 0 || length > maxRequestBytes || end > BigInt(this.#options.device.sizeBytes)) {
      return this.#options.send(replyHeader(nbdError.invalid, cookie))
    }
    this.#underWay++
    void this.#read(cookie, Number(offset), length)
  }

  /** Reads behind room for the header, so that header and data leave in one piece and without a copy. */
  async #read(cookie: bigint, offset: number, length: number): Promise<void> {
    const { device, pool, budget, send, failed } = this.#options
    const cost = size.simpleReply + length
    await budget.take(cost)
    const buffer = pool.take(cost)
    const done = () => {
      this.#underWay--
      pool.give(buffer)
      budget.give(cost)
    }
    try {
      await device.read(buffer.subarray(size.simpleReply, cost), offset)
      replyHeader(nbdError.none, cookie).copy(buffer)
      send(buffer.subarray(0, cost), done)
    } catch (error) {
      failed(offset, error)
      send(replyHeader(nbdError.io, cookie), done)
    }
  }
}

function replyHeader(error: number, cookie: bigint): Buffer {
  const header = Buffer.alloc(size.simpleReply)
  header.writeUInt32BE(magic.simpleReply, 0)
  header.writeUInt32BE(error, 4)
  header.writeBigUInt64BE(cookie, 8)
  return header
}
