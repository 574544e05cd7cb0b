import type { Socket } from "node:net"
import { RecoveryError } from "../api/reasons.ts"
import { ByteReader } from "./byte-reader.ts"
import { chunk, command, handshakeFlag, magic, option, reply, size } from "./protocol.ts"

/** Bytes of an export. */
export interface ExportRange {
  readonly offset: number
  readonly length: number
}

/** QEMU's name for: in which layer of an image a block was written. */
const context = "qemu:allocation-depth"
/** The depth that means: in none of the export's own layer, but further down. */
const below = 2
/** The longest stretch that is asked for at once: lengths are 32 bits, and whole blocks. */
const maxStretch = 0xffff0000
/** An answer of QEMU's has 131,072 descriptors at most. */
const maxChunkBytes = 4 + 8 * 131_072
const maxOptionReply = 8192

/** Ranges that lie closer to each other are asked for together, with what is between them. */
const maxGap = 64 << 20

/**
 * Asks QEMU's NBD server over a fresh connection whether any of these bytes were written in the top layer of an export
 * (docs/interop/nbd.txt of QEMU, "allocation-depth"), or may have been: whatever isn't said to be below it was. The ranges are
 * in order. Ends the connection. Rejects with ProtocolError for answers that are none.
 */
export async function isWritten(socket: Socket, name: string, ranges: readonly ExportRange[]): Promise<boolean> {
  const receive = receiver(socket)
  try {
    const id = await negotiate(socket, receive, name)
    for (const stretch of stretches(ranges))
      for (let [at, end] = [stretch.offset, stretch.offset + stretch.length]; at < end;) {
        const { told, written } = await statusOf(socket, receive, id, at, Math.min(maxStretch, end - at))
        if (stretch.ranges.some((range) => written.some((other) => overlap(range, other)))) return true
        at += told
      }
    return false
  } finally {
    socket.destroy()
  }
}

/** Ranges in groups, each with the stretch that holds it. */
function stretches(ranges: readonly ExportRange[]): (ExportRange & { readonly ranges: readonly ExportRange[] })[] {
  const found: { offset: number; length: number; ranges: ExportRange[] }[] = []
  for (const range of ranges) {
    const last = found.at(-1)
    if (last === undefined || range.offset - (last.offset + last.length) > maxGap)
      found.push({ ...range, ranges: [range] })
    else {
      last.length = Math.max(last.length, range.offset + range.length - last.offset)
      last.ranges.push(range)
    }
  }
  return found
}

const overlap = (a: ExportRange, b: ExportRange) => a.offset < b.offset + b.length && b.offset < a.offset + a.length

type Receive = (bytes: number) => Promise<Buffer>

function receiver(socket: Socket): Receive {
  const input = new ByteReader()
  const chunks = socket[Symbol.asyncIterator]()
  return async (bytes) => {
    for (;;) {
      const whole = input.take(bytes)
      if (whole) return whole
      const next = await chunks.next()
      if (next.done) throw new RecoveryError("GuestFailed", "QEMU's NBD server has ended.")
      input.push(next.value as Buffer)
    }
  }
}

/** Brings the connection to where blocks can be asked for; the number that the server gives to the context. */
async function negotiate(socket: Socket, receive: Receive, name: string): Promise<number> {
  const hello = await receive(18)
  if (hello.readBigUInt64BE(0) !== magic.hello || hello.readBigUInt64BE(8) !== magic.option) throw malformed()
  const flags = Buffer.alloc(size.clientFlags)
  flags.writeUInt32BE(handshakeFlag.fixedNewstyle | handshakeFlag.noZeroes)
  socket.write(flags)
  await ask(socket, receive, option.structuredReply, Buffer.alloc(0))
  const queries = [text(name), uint32(1), text(context)]
  const contexts = await ask(socket, receive, option.setMetaContext, Buffer.concat(queries))
  await ask(socket, receive, option.go, Buffer.concat([text(name), Buffer.alloc(2)]))
  const id = contexts.find(({ type }) => type === reply.metaContext)?.data
  if (id === undefined || id.length < 4) throw malformed()
  return id.readUInt32BE()
}

interface OptionReply {
  readonly type: number
  readonly data: Buffer
}

/** The replies to an option before the one that acknowledges it. */
async function ask(socket: Socket, receive: Receive, number: number, data: Buffer): Promise<OptionReply[]> {
  const header = Buffer.alloc(size.optionHeader)
  header.writeBigUInt64BE(magic.option, 0)
  header.writeUInt32BE(number, 8)
  header.writeUInt32BE(data.length, 12)
  socket.write(Buffer.concat([header, data]))
  for (const replies: OptionReply[] = []; replies.length < 16;) {
    const head = await receive(size.optionReply)
    const [type, length] = [head.readUInt32BE(12), head.readUInt32BE(16)]
    if (head.readBigUInt64BE(0) !== magic.optionReply || head.readUInt32BE(8) !== number) throw malformed()
    if (length > maxOptionReply) throw malformed()
    const data = await receive(length)
    if (type === reply.ack) return replies
    if (type >= 0x80000000) throw new RecoveryError("GuestFailed", "QEMU does not tell what was written to a disk.")
    replies.push({ type, data })
  }
  throw malformed()
}

/** How many bytes from `offset` on were told of, and which of them were written, or may have been. */
async function statusOf(
  socket: Socket,
  receive: Receive,
  id: number,
  offset: number,
  length: number,
): Promise<{ told: number; written: ExportRange[] }> {
  const request = Buffer.alloc(size.request)
  request.writeUInt32BE(magic.request, 0)
  request.writeUInt16BE(command.blockStatus, 6)
  request.writeBigUInt64BE(BigInt(offset), 16)
  request.writeUInt32BE(length, 24)
  socket.write(request)
  const head = await receive(size.chunk)
  const bytes = head.readUInt32BE(16)
  if (head.readUInt32BE(0) !== magic.structuredReply || head.readUInt16BE(4) !== chunk.done) throw malformed()
  if (head.readUInt16BE(6) !== chunk.blockStatus || bytes > maxChunkBytes || bytes < 12 || bytes % 8 !== 4)
    throw malformed()
  const payload = await receive(bytes)
  if (payload.readUInt32BE() !== id) throw malformed()
  let told = 0
  const written: ExportRange[] = []
  for (let at = 4; at < bytes && told < length; at += 8) {
    const part = payload.readUInt32BE(at)
    if (payload.readUInt32BE(at + 4) < below) written.push({ offset: offset + told, length: part })
    told += part
  }
  if (told === 0) throw malformed()
  return { told, written }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const text = (value: string) => Buffer.concat([uint32(Buffer.byteLength(value)), Buffer.from(value)])

const malformed = () => new RecoveryError("ProtocolError", "QEMU's NBD server breaks the protocol.")
