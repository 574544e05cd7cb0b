import { printable } from "../printable.ts"

/** What an installed system says of itself. Texts are escaped and bounded. */
export interface SystemFacts {
  readonly os?: string
  readonly version?: string
  readonly hostName?: string
  readonly mounts: readonly Mount[]
}

/** Where it mounts a volume, which it knows by a mark (marks.ts). */
export interface Mount {
  readonly mark: string
  /** `/var/lib/orders`, `D:`; escaped. */
  readonly at: string
}

/** Text of a disk, in Latin-1, for people. */
export const shownText = (text: string) => printable(Buffer.from(text, "latin1"), 128)
