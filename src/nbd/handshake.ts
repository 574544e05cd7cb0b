import { RecoveryError } from "../api/reasons.ts"
import type { BlockDevice } from "../block/device.ts"
import type { ByteReader } from "./byte-reader.ts"
import {
  exportFlags,
  handshakeFlag,
  info,
  magic,
  maxOptionBytes,
  maxRequestBytes,
  option,
  reply,
  size,
} from "./protocol.ts"

export type HandshakeStep =
  | { readonly kind: "more" }
  | { readonly kind: "send"; readonly bytes: Buffer }
  | { readonly kind: "serve"; readonly bytes: Buffer; readonly device: BlockDevice }
  | { readonly kind: "end"; readonly bytes: Buffer }

interface Option {
  readonly code: number
  readonly data: Buffer
}

/** Options a client may send before it must have chosen an export. */
const maxOptions = 64

/** The server's hello: magic numbers and handshake flags. */
export function hello(): Buffer {
  const bytes = Buffer.alloc(18)
  bytes.writeBigUInt64BE(magic.hello, 0)
  bytes.writeBigUInt64BE(magic.option, 8)
  bytes.writeUInt16BE(handshakeFlag.fixedNewstyle | handshakeFlag.noZeroes, 16)
  return bytes
}

/** Option haggling of the fixed newstyle handshake as a pure machine. A client that breaks it throws `ProtocolError`. */
export class Handshake {
  readonly #exports: ReadonlyMap<string, BlockDevice>
  #noZeroes = false
  #hasFlags = false
  #options = 0
  #pending: { code: number; length: number } | undefined

  constructor(exports: ReadonlyMap<string, BlockDevice>) {
    this.#exports = exports
  }

  /** Takes one message, if there is a whole one. */
  step(input: ByteReader): HandshakeStep {
    if (!this.#hasFlags) return this.#takeFlags(input)
    if (!this.#pending) {
      const header = input.take(size.optionHeader)
      if (!header) return { kind: "more" }
      this.#pending = this.#readHeader(header)
    }
    const data = input.take(this.#pending.length)
    if (!data) return { kind: "more" }
    const { code } = this.#pending
    this.#pending = undefined
    return this.#answer({ code, data })
  }

  #takeFlags(input: ByteReader): HandshakeStep {
    const flags = input.take(size.clientFlags)?.readUInt32BE()
    if (flags === undefined) return { kind: "more" }
    if ((flags & handshakeFlag.fixedNewstyle) === 0 || flags > 3) throw broken("it sends unknown handshake flags")
    this.#noZeroes = (flags & handshakeFlag.noZeroes) !== 0
    this.#hasFlags = true
    return { kind: "send", bytes: Buffer.alloc(0) }
  }

  #readHeader(header: Buffer): { code: number; length: number } {
    const length = header.readUInt32BE(12)
    if (header.readBigUInt64BE(0) !== magic.option) throw broken("it sends no option where one must be")
    if (length > maxOptionBytes) throw broken(`it sends an option of ${length} bytes`)
    if (++this.#options > maxOptions) throw broken("it doesn't stop sending options")
    return { code: header.readUInt32BE(8), length }
  }

  #answer(asked: Option): HandshakeStep {
    switch (asked.code) {
      case option.exportName:
        return this.#exportName(asked)
      case option.abort:
        return { kind: "end", bytes: answerTo(asked, reply.ack) }
      case option.list:
        return { kind: "send", bytes: this.#list(asked) }
      case option.info:
      case option.go:
        return this.#go(asked)
      default:
        return { kind: "send", bytes: answerTo(asked, reply.unsupported) }
    }
  }

  /** The old way to choose an export has no way to say no but to hang up. */
  #exportName({ data }: Option): HandshakeStep {
    const device = this.#exports.get(data.toString("utf8"))
    if (!device) return { kind: "end", bytes: Buffer.alloc(0) }
    const bytes = Buffer.alloc(10 + (this.#noZeroes ? 0 : 124))
    bytes.writeBigUInt64BE(BigInt(device.sizeBytes), 0)
    bytes.writeUInt16BE(exportFlags, 8)
    return { kind: "serve", bytes, device }
  }

  #list(asked: Option): Buffer {
    if (asked.data.length > 0) return answerTo(asked, reply.invalid)
    const names = [...this.#exports.keys()].map((name) => {
      const bytes = Buffer.from(name)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      return answerTo(asked, reply.server, Buffer.concat([length, bytes]))
    })
    return Buffer.concat([...names, answerTo(asked, reply.ack)])
  }

  #go(asked: Option): HandshakeStep {
    const name = nameOf(asked.data)
    if (name === undefined) return { kind: "send", bytes: answerTo(asked, reply.invalid) }
    const device = this.#exports.get(name)
    if (!device) return { kind: "send", bytes: answerTo(asked, reply.unknownExport) }
    const bytes = Buffer.concat([
      answerTo(asked, reply.info, exportInfo(device)),
      answerTo(asked, reply.info, blockSizeInfo()),
      answerTo(asked, reply.ack),
    ])
    return asked.code === option.go ? { kind: "serve", bytes, device } : { kind: "send", bytes }
  }
}

/** The name in the data of INFO and GO, if the lengths in it are right. */
function nameOf(data: Buffer): string | undefined {
  const length = data.length >= 6 ? data.readUInt32BE(0) : Infinity
  if (length + 6 > data.length) return undefined
  const requests = data.readUInt16BE(4 + length)
  return data.length === 6 + length + 2 * requests ? data.toString("utf8", 4, 4 + length) : undefined
}

function exportInfo(device: BlockDevice): Buffer {
  const data = Buffer.alloc(12)
  data.writeUInt16BE(info.export, 0)
  data.writeBigUInt64BE(BigInt(device.sizeBytes), 2)
  data.writeUInt16BE(exportFlags, 10)
  return data
}

/** Any alignment will do, 4 KiB is better, and there is a longest request. */
function blockSizeInfo(): Buffer {
  const data = Buffer.alloc(14)
  data.writeUInt16BE(info.blockSize, 0)
  data.writeUInt32BE(1, 2)
  data.writeUInt32BE(4096, 6)
  data.writeUInt32BE(maxRequestBytes, 10)
  return data
}

function answerTo({ code }: Option, type: number, data: Buffer = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.alloc(20 + data.length)
  bytes.writeBigUInt64BE(magic.optionReply, 0)
  bytes.writeUInt32BE(code, 8)
  bytes.writeUInt32BE(type, 12)
  bytes.writeUInt32BE(data.length, 16)
  data.copy(bytes, 20)
  return bytes
}

function broken(what: string): RecoveryError {
  return new RecoveryError("ProtocolError", `the NBD client breaks the protocol: ${what}`)
}
