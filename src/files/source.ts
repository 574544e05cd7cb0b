import type { Catalogue } from "../guest/catalogue.ts"
import type { FileType } from "./schemas.ts"

/** What the file service needs from whoever can read the volumes: the guest, or in tests a directory. */
export interface FileSource {
  /** The catalogue as it is now. */
  catalogue(): Catalogue
  /** Opens a volume for reading; many readers may share what is behind it. Rejects when it can't be mounted. */
  open(volume: string): Promise<VolumeReader>
  /**
   * A tar of some paths and everything below them, as a stream. Names in it are relative to the volume's root. `contents`:
   * only what files hold matters, and hard links are files of their own; `headers`: all but what they hold. Rejects at the end when a part couldn't be read;
   * aborting, or leaving the loop, frees what made it.
   */
  tar(volume: string, paths: readonly Buffer[], options: TarOptions): AsyncIterable<Buffer>
  /**
   * Everything below `path` that may be wanted, as it is found; symbolic links on the way are not followed. Rejects at the
   * end when a part couldn't be read; aborting, or leaving the loop, frees what searched.
   */
  search(volume: string, path: Buffer, wanted: Wanted, options: { signal: AbortSignal }): AsyncIterable<FoundFile[]>
}

export interface TarOptions {
  readonly signal: AbortSignal
  readonly contents?: boolean
  readonly headers?: boolean
}

/** What to look for. A source may give more than that: it only has to leave nothing out. */
export interface Wanted {
  /** For fnmatch(3) in the C locale. */
  readonly name?: { readonly pattern: Buffer; readonly ignoreCase: boolean }
  /** None: every type. */
  readonly types: readonly FileType[]
  readonly minSize?: number | undefined
  readonly maxSize?: number | undefined
  /** Nanoseconds since the epoch. */
  readonly newer?: bigint | undefined
  readonly older?: bigint | undefined
}

export interface FoundFile extends Attributes {
  /** Absolute in the volume; may be longer than a path that can be asked for. */
  readonly path: Buffer
  readonly linkTarget?: Buffer
}

/** Reads one volume. Paths are absolute within it, as bytes. Errors are RecoveryErrors: PathNotFound, AccessDenied... */
export interface VolumeReader {
  /** What is at the path itself, a symbolic link for instance. */
  lstat(path: Buffer): Promise<Attributes>
  /** What is there after following symbolic links, which can't lead out of the volume. */
  stat(path: Buffer): Promise<Attributes>
  readlink(path: Buffer): Promise<Buffer>
  /** The directory's entries, in an order that stays the same as long as the session lives; without `.` and `..`. */
  list(path: Buffer): AsyncIterable<DirectoryEntry[]>
  /**
   * The bytes from `start` up to `end` (not included), or fewer when the file is shorter. `lent`: whoever reads is done with
   * a buffer when it asks for the next, which may then be the same one.
   */
  read(path: Buffer, range: { start: number; end: number; signal: AbortSignal; lent?: boolean }): AsyncIterable<Buffer>
  /** Says that this reader is not needed any more. */
  release(): void
}

export interface Attributes {
  /** st_mode with the file type bits. */
  readonly mode: number
  readonly sizeBytes: number
  readonly uid: number
  readonly gid: number
  /** Nanoseconds since the epoch. */
  readonly mtimeNs: bigint
}

export interface DirectoryEntry extends Attributes {
  readonly name: Buffer
}
