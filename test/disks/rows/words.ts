import type { ExpectedVolume, Row } from "../row.ts"

/** Rows that belong together. */
export const group = (name: string, rows: readonly Omit<Row, "group">[]): Row[] =>
  rows.map((row) => ({ group: name, ...row }))

/** A file system that is read. */
export const mounted = (
  path: string | RegExp,
  filesystem: string,
  more: Partial<ExpectedVolume> = {},
): ExpectedVolume => ({ path, kind: "filesystem", filesystem, state: "Mounted", ...more })

/** Something that is only named, with why. */
export const unsupported = (
  path: string | RegExp,
  kind: string,
  says: RegExp,
  more: Partial<ExpectedVolume> = {},
): ExpectedVolume => ({ path, kind, state: "Unsupported", reason: "VolumeUnsupported", says, ...more })
