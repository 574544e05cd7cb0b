/**
 * A disk as every part of the data path sees it: target backends make one from a block device or a file, the
 * initiator makes one from a logical unit, the NBD server offers one to QEMU. There is deliberately no way to write.
 */
export interface BlockDevice {
  /** Capacity in bytes, a multiple of `blockSize`. */
  readonly sizeBytes: number
  /** Logical block size in bytes: 512 or 4096. */
  readonly blockSize: number
  /**
   * Fills the whole of `into` with the bytes at `offset` (bytes, need not be aligned).
   * Rejects with a RangeError past the end and with the cause of the failure otherwise; never resolves with less.
   */
  read(into: Buffer, offset: number): Promise<void>
  /**
   * The same at once, if that is cheap (the content is cached): true when `into` is filled, false when `read` has to be
   * asked. Spares a turn of the event loop per read; a device that can't tell leaves it out.
   */
  readNow?(into: Buffer, offset: number): boolean
  /** Releases what the device holds. Reads under way may reject. Safe to call twice. */
  close(): Promise<void>
}

/** A disk with the name people know it by and the serial number the guest recognises it by. */
export interface NamedDisk {
  /** What the user calls it: claim, snapshot or file name. Data from outside: never a path on this host. */
  readonly name: string
  /** SCSI unit serial number: 1 to 36 characters of [A-Za-z0-9-]. */
  readonly serial: string
  readonly device: BlockDevice
}
