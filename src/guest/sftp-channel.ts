import { RecoveryError } from "../api/reasons.ts"
import type { Session } from "./session.ts"
import type { Received } from "./socket.ts"
import { encodePacket, PacketAssembler, PacketReader, packetType } from "./sftp-wire.ts"

interface Waiting {
  readonly resolve: (answer: SftpAnswer) => void
  readonly reject: (error: Error) => void
}

/** An answer: its type and the fields behind type and id. */
export interface SftpAnswer {
  readonly type: number
  readonly fields: PacketReader
}

/**
 * Requests and answers of one sftp-server in the guest, matched by id, any number in flight. The server's raw bytes follow
 * the begin mark of its session; there is no SSH around them.
 */
export class SftpChannel {
  /** Resolves when the channel can't be used any more. */
  readonly closed: Promise<void>
  readonly #session: Session
  readonly #waiting = new Map<number, Waiting>()
  readonly #assembler = new PacketAssembler()
  #stale: Buffer | undefined = Buffer.alloc(0)
  #nextId = 1
  #failure: Error | undefined

  private constructor(session: Session) {
    this.#session = session
    this.closed = new Promise((resolve) => {
      session.socket.on("close", () => {
        this.#fail(new RecoveryError("GuestFailed", "The guest's file server has ended."))
        resolve()
      })
    })
  }

  /** Has a session started, says hello to its server and waits for the version. */
  static async open(start: (received: Received) => Promise<Session>): Promise<SftpChannel> {
    let channel: SftpChannel | undefined
    const session = await start((chunk) => {
      if (channel) channel.#received(chunk) // what comes before the server runs is stale
    })
    channel = new SftpChannel(session)
    const version = channel.#expect(0)
    session.socket.write(Buffer.from([0, 0, 0, 5, packetType.init, 0, 0, 0, 3]))
    await version
    return channel
  }

  request(type: number, ...fields: (number | bigint | Buffer)[]): Promise<SftpAnswer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const id = this.#nextId
    this.#nextId = this.#nextId === 0xffffffff ? 1 : this.#nextId + 1
    const answer = this.#expect(id)
    const ended = this.#session.begin()
    answer.then(ended, () => undefined) // one without an answer lasts until the server has ended, or the guest
    this.#session.socket.write(encodePacket(type, id, fields))
    return answer
  }

  close(): void {
    this.#fail(new RecoveryError("GuestFailed", "The file session was closed."))
  }

  #expect(id: number): Promise<SftpAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<SftpAnswer>()
    if (this.#failure === undefined) this.#waiting.set(id, { resolve, reject })
    else reject(this.#failure)
    return promise
  }

  #received(chunk: Buffer): void {
    try {
      this.#take(chunk)
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #take(chunk: Buffer): void {
    for (const packet of this.#assembler.feed(this.#afterBegin(chunk))) {
      const fields = new PacketReader(packet)
      const type = fields.uint8()
      const id = type === packetType.version ? 0 : fields.uint32()
      const waiting = this.#waiting.get(id)
      if (waiting === undefined)
        throw new RecoveryError("ProtocolError", "The guest's file server answered what was never asked.")
      this.#waiting.delete(id)
      waiting.resolve({ type, fields })
    }
  }

  /** Drops everything up to the session's begin mark. */
  #afterBegin(chunk: Buffer): Buffer {
    if (this.#stale === undefined) return chunk
    const bytes = Buffer.concat([this.#stale, chunk])
    const mark = Buffer.from(`${this.#session.nonce}\n`)
    const at = bytes.indexOf(mark)
    this.#stale = at === -1 ? bytes.subarray(-mark.length + 1) : undefined
    return at === -1 ? Buffer.alloc(0) : bytes.subarray(at + mark.length)
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#session.close()
    for (const { reject } of this.#waiting.values()) reject(this.#failure)
    this.#waiting.clear()
  }
}
