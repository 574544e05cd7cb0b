import type { Catalogue, Volume } from "./catalogue.ts"
import type { FindTests, FoundEntry } from "./search.ts"
import type { SftpAttributes, SftpEntry } from "./sftp-wire.ts"

/** Why the guest is not there any more. */
export interface GuestEnd {
  /** True when it was asked to power off. */
  readonly asked: boolean
  readonly message: string
}

export interface TarOptions {
  readonly signal: AbortSignal
  readonly contents?: boolean
  readonly headers?: boolean
}

/** A running micro-VM and the volumes on its disks. Paths are absolute within a volume, as bytes. */
export interface Guest {
  /** The catalogue as it is now. */
  catalogue(): Catalogue
  /** Mounts a volume unless it is. Rejects with VolumeLocked, VolumeCorrupt, OverlayFull... when that can't be; PathNotFound: no such volume. */
  mount(volume: string): Promise<Volume>
  /** Opens a volume for reading; readers of a volume share what is behind them. */
  open(volume: string): Promise<GuestVolumeReader>
  /**
   * A tar (pax, GNU tar: owners, ACLs, extended attributes) of some paths and everything below them; names are relative to
   * the volume's root. With `contents` it is quicker and only says what files hold: without attributes, and with hard
   * links as files of their own. With `headers` it says all but what files hold, which look empty, also with hard links as files.
   * Throws at the end when a part couldn't be read; aborting, or leaving the loop, frees what
   * made it.
   */
  tar(volume: string, paths: readonly Buffer[], options: TarOptions): AsyncIterable<Buffer>
  /** Everything below `path` that passes the tests, as it is found. Throws at the end when a part couldn't be read. */
  search(volume: string, path: Buffer, tests: FindTests, options: { signal: AbortSignal }): AsyncIterable<FoundEntry[]>
  /** sha256 of a file, in hexadecimal, computed in the guest. */
  sha256(volume: string, path: Buffer, options?: { signal?: AbortSignal }): Promise<string>
  /** Opens an encrypted volume with a passphrase or recovery key and looks at the disks again. */
  unlock(volume: string, key: Buffer): Promise<Catalogue>
  /** Unmounts everything and switches the guest off. Resolves when it is gone. */
  powerOff(): Promise<void>
  /** Resolves when the guest is gone, for whatever reason. */
  readonly closed: Promise<GuestEnd>
}

/** Reads one volume. Errors are RecoveryErrors: PathNotFound, AccessDenied, VolumeCorrupt, GuestFailed. */
export interface GuestVolumeReader {
  lstat(path: Buffer): Promise<SftpAttributes>
  /** Follows symbolic links, which can't lead out of the volume. */
  stat(path: Buffer): Promise<SftpAttributes>
  readlink(path: Buffer): Promise<Buffer>
  /** Entries without `.` and `..`, some 100 at a time, in the order of the file system. */
  list(path: Buffer): AsyncIterable<SftpEntry[]>
  /** The bytes from `start` up to `end` (not included), or fewer when the file is shorter. */
  read(path: Buffer, range: { start: number; end: number; signal: AbortSignal }): AsyncIterable<Buffer>
  /** Says that this reader is not needed any more. Safe to call twice. */
  release(): void
}
