import type { Sense } from "./sense.ts"

/** What SCSI commands may know of a disk: its identity and shape, not its bytes. */
export interface LogicalUnit {
  /** 0 to 255. */
  readonly lun: number
  /** SCSI unit serial number, 1 to 36 characters of [A-Za-z0-9-]. */
  readonly serial: string
  /** The name people know the disk by; travels in a vendor page. */
  readonly name: string
  /** Bytes per logical block: 512 or 4096. */
  readonly blockSize: number
  readonly blocks: number
}

/** The longest single read, in bytes: MAXIMUM TRANSFER LENGTH of the Block Limits page. */
export const maxTransferBytes = 16 * 1024 * 1024

/** The length of a read that suits the target best, in bytes. */
export const optimalTransferBytes = 1024 * 1024

/** What a command comes to: done, data for the initiator, refused, or a read of these blocks. */
export type Outcome =
  | { readonly kind: "good" }
  | { readonly kind: "data"; readonly data: Buffer }
  | { readonly kind: "check"; readonly sense: Sense }
  | { readonly kind: "read"; readonly block: number; readonly blocks: number }
