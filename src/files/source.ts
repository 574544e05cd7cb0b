import type { Catalogue } from "../guest/catalogue.ts"

/** What the file service needs from whoever can read the volumes: the guest, or in tests a directory. */
export interface FileSource {
  /** The catalogue as it is now. */
  catalogue(): Catalogue
  /** Opens a volume for reading; many readers may share what is behind it. Rejects when it can't be mounted. */
  open(volume: string): Promise<VolumeReader>
  /**
   * A tar of `path` and everything below it, as a stream. Names in it are relative to the volume's root. Rejects at the
   * end when a part couldn't be read; aborting, or leaving the loop, frees what made it.
   */
  tar(volume: string, path: Buffer, options: { signal: AbortSignal }): AsyncIterable<Buffer>
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
  /** The bytes from `start` up to `end` (not included), or fewer when the file is shorter. */
  read(path: Buffer, range: { start: number; end: number; signal: AbortSignal }): AsyncIterable<Buffer>
  /** Says that this reader is not needed any more. */
  release(): void
}

export interface Attributes {
  /** st_mode with the file type bits. */
  readonly mode: number
  readonly sizeBytes: number
  readonly uid: number
  readonly gid: number
  /** Seconds since the epoch; with a fraction when the source knows it. */
  readonly mtime: number
}

export interface DirectoryEntry extends Attributes {
  readonly name: Buffer
}
