import type { Logger } from "pino"
import { type Reason, RecoveryError, reasonOf } from "../../api/reasons.ts"
import {
  dataPacket,
  encodePacket,
  type Field,
  maxReadBytes,
  PacketReader,
  packetType,
  statusCode,
} from "../../guest/sftp-wire.ts"
import type { AuditEntry } from "../audit/chain.ts"
import { pathsOf } from "../audit/of-route.ts"
import { problemOf } from "../status.ts"
import type { UsageCounter } from "../usage.ts"
import { attributeFields, entryFields } from "./attributes.ts"
import { OpenDirectory, OpenFile } from "./handles.ts"
import type { SftpLimits } from "./limits.ts"
import { absolute, type Place, placeOf } from "./place.ts"
import type { Tree } from "./tree.ts"

/** What the audit is told of a session; who it was is known to whoever is told. */
export type SftpRecord = Pick<AuditEntry, "event" | "outcome"> & Partial<AuditEntry>

export interface SftpSessionOptions {
  readonly tree: Tree
  readonly limits: SftpLimits
  readonly usage: UsageCounter
  readonly log: Logger
  readonly record: (entry: SftpRecord) => void
  /** Told whenever a file or directory was closed. */
  readonly closed: () => void
  /** True when the session is being released: nothing is opened any more. */
  readonly isDraining: () => boolean
}

interface Handle {
  readonly place: Place
  readonly open: OpenFile | OpenDirectory
  /** Why a read of it failed. */
  failure?: Reason
}

const openToRead = 0x01
/** Requests that change something, and how they are refused. */
const writing: ReadonlySet<number> = new Set([
  packetType.write,
  packetType.setstat,
  packetType.fsetstat,
  packetType.remove,
  packetType.mkdir,
  packetType.rmdir,
  packetType.rename,
  packetType.symlink,
])

/** Answers the requests of one SFTP session, version 3, one after the other: whoever asks for much waits for himself. */
export class SftpSession {
  readonly #options: SftpSessionOptions
  readonly #handles = new Map<number, Handle>()
  #nextHandle = 1

  constructor(options: SftpSessionOptions) {
    this.#options = options
  }

  /** Files and directories that are open. */
  get open(): number {
    return this.#handles.size
  }

  /**
   * The answer to one packet, in pieces that last until the next one. Rejects with ProtocolError when it can't be
   * understood: then nothing else can be, either.
   */
  async answer(packet: Buffer): Promise<readonly Buffer[]> {
    const fields = new PacketReader(packet, "The SFTP client")
    const type = fields.uint8()
    if (type === packetType.init) return [versionPacket]
    const id = fields.uint32()
    try {
      return type === packetType.read ? await this.#read(id, fields) : [await this.#dispatch(type, id, fields)]
    } catch (error) {
      if (reasonOf(error) === "ProtocolError") throw error
      this.#options.log.debug({ err: error }, "request refused")
      return [status(id, statusOf(error), problemOf(error).message)]
    }
  }

  /** Closes what the client has left open. */
  end(): void {
    const left = [...this.#handles.values()]
    this.#handles.clear()
    for (const handle of left) this.#close(handle, handle.open instanceof OpenFile)
  }

  async #dispatch(type: number, id: number, fields: PacketReader): Promise<Buffer> {
    const { tree } = this.#options
    switch (type) {
      case packetType.realpath:
        return names(id, [[absolute(fields.string()), Buffer.alloc(0), noAttributes]])
      case packetType.lstat:
      case packetType.stat:
        return this.#audited("Stat", fields.string(), async (place) =>
          encodePacket(packetType.attrs, id, attributeFields(await tree.attributes(place, type === packetType.stat))),
        )
      case packetType.readlink:
        return this.#audited("Stat", fields.string(), async (place) => {
          const target = await tree.readLink(place)
          return names(id, [[target, Buffer.alloc(0), noAttributes]])
        })
      case packetType.open:
        return this.#openFile(id, fields.string(), fields.uint32())
      case packetType.opendir:
        return this.#openHandle(id, "List", fields.string(), (place) => tree.openDirectory(place))
      case packetType.close: {
        const [key, handle] = this.#find(fields)
        this.#handles.delete(key)
        this.#close(handle, false)
        return status(id, statusCode.ok, "")
      }
      case packetType.fstat: {
        const [, { place, open }] = this.#find(fields)
        const attributes = open instanceof OpenFile ? open.attributes : await tree.attributes(place, true)
        return encodePacket(packetType.attrs, id, attributeFields(attributes))
      }
      case packetType.readdir:
        return this.#readDirectory(id, fields)
      case packetType.extended:
        return fields.string().equals(limitsName) ? limitsPacket(id, this.#options.limits) : unsupported(id)
      default:
        return writing.has(type) ? status(id, statusCode.permissionDenied, "Files are read only.") : unsupported(id)
    }
  }

  async #openFile(id: number, path: Buffer, flags: number): Promise<Buffer> {
    if (flags !== openToRead) return status(id, statusCode.permissionDenied, "Files are read only.")
    return this.#openHandle(id, "Read", path, async (place) => {
      const file = await this.#options.tree.openFile(place)
      this.#options.usage.files(1)
      return file
    })
  }

  /** What can't be opened is recorded at once, what is open when it is closed. */
  async #openHandle(
    id: number,
    event: "Read" | "List",
    path: Buffer,
    open: (place: Place) => Promise<OpenFile | OpenDirectory>,
  ): Promise<Buffer> {
    const place = placeOf(path)
    try {
      if (this.#options.isDraining()) throw new RecoveryError("Releasing", "The session is being unmounted.")
      if (this.#handles.size >= this.#options.limits.handles)
        throw new RecoveryError("Busy", "Too many files are open in this session.")
      const key = this.#nextHandle++ >>> 0
      this.#handles.set(key, { place, open: await open(place) })
      return encodePacket(packetType.handle, id, [handleBytes(key)])
    } catch (error) {
      this.#options.record({ event, ...recorded(place), bytes: 0, outcome: reasonOf(error) })
      throw error
    }
  }

  async #read(id: number, fields: PacketReader): Promise<readonly Buffer[]> {
    const [key, handle] = this.#find(fields)
    if (!(handle.open instanceof OpenFile)) return [status(id, statusCode.failure, "That is a directory.")]
    const offset = fields.uint64()
    const length = fields.uint32()
    this.#pauseOthers(key, handle)
    try {
      const bytes = await handle.open.read(offset, length)
      if (bytes === undefined) return [status(id, statusCode.endOfFile, "")]
      this.#options.usage.bytes(bytes.length)
      return dataPacket(id, bytes)
    } catch (error) {
      handle.failure = reasonOf(error)
      throw error
    }
  }

  /** Few files at a time are read ahead: the one just asked for comes last in the line of those that have to stop. */
  #pauseOthers(key: number, handle: Handle): void {
    this.#handles.delete(key)
    this.#handles.set(key, handle)
    const files = [...this.#handles.values()].flatMap(({ open }) => (open instanceof OpenFile ? [open] : []))
    const streaming = files.filter((file) => file.isStreaming && file !== handle.open)
    for (const file of streaming.slice(0, Math.max(0, streaming.length - this.#options.limits.streams + 1)))
      file.pause()
  }

  async #readDirectory(id: number, fields: PacketReader): Promise<Buffer> {
    const [, handle] = this.#find(fields)
    if (!(handle.open instanceof OpenDirectory)) return status(id, statusCode.failure, "That is a file.")
    try {
      const entries = await handle.open.next()
      if (entries === undefined) return status(id, statusCode.endOfFile, "")
      return names(id, entries.map(entryFields))
    } catch (error) {
      handle.failure = reasonOf(error)
      throw error
    }
  }

  #find(fields: PacketReader): [number, Handle] {
    const bytes = fields.string()
    const key = bytes.length === 4 ? bytes.readUInt32BE() : -1
    const handle = this.#handles.get(key)
    if (handle === undefined) throw new RecoveryError("UsageError", "There is no such handle.")
    return [key, handle]
  }

  #close({ place, open, failure }: Handle, isBroken: boolean): void {
    open.close()
    const outcome = failure ?? (isBroken ? "ConnectionLost" : "Ok")
    const what = open instanceof OpenFile ? { event: "Read" as const, bytes: open.bytes } : { event: "List" as const }
    this.#options.record({ ...what, ...recorded(place), outcome })
    this.#options.closed()
  }

  async #audited(event: "Stat", path: Buffer, answer: (place: Place) => Promise<Buffer>): Promise<Buffer> {
    const place = placeOf(path)
    let outcome: Reason | "Ok" = "Ok"
    try {
      return await answer(place)
    } catch (error) {
      outcome = reasonOf(error)
      throw error
    } finally {
      this.#options.record({ event, ...recorded(place), outcome })
    }
  }
}

function recorded(place: Place): Partial<AuditEntry> {
  return place.volume === undefined ? pathsOf([Buffer.from("/")]) : { volume: place.volume, ...pathsOf([place.path]) }
}

const noAttributes = 0
const limitsName = Buffer.from("limits@openssh.com")
const versionPacket = encodePacket(packetType.version, 3, [limitsName, Buffer.from("1")])

const unsupported = (id: number) => status(id, statusCode.unsupported, "That is not supported.")

function status(id: number, code: number, message: string): Buffer {
  return encodePacket(packetType.status, id, [code, Buffer.from(message), Buffer.alloc(0)])
}

function names(id: number, entries: readonly Field[][]): Buffer {
  return encodePacket(packetType.name, id, [entries.length, ...entries.flat()])
}

/** OpenSSH asks for it, and then reads in larger pieces: packet, read and write in bytes, open handles. */
function limitsPacket(id: number, { handles }: SftpLimits): Buffer {
  return encodePacket(packetType.extendedReply, id, [256n << 10n, BigInt(maxReadBytes), 0n, BigInt(handles)])
}

function handleBytes(key: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(key)
  return bytes
}

function statusOf(error: unknown): number {
  switch (reasonOf(error)) {
    case "PathNotFound":
    case "NotADirectory":
      return statusCode.noSuchFile
    case "AccessDenied":
      return statusCode.permissionDenied
    default:
      return statusCode.failure
  }
}
