import { RecoveryError } from "../api/reasons.ts"
import { displayName, parseName } from "../files/names.ts"
import { joinPath, pathComponents } from "../files/path.ts"
import type { Place } from "../client/files-client.ts"

/** A place in a session: `[NAMESPACE/]SESSION:/VOLUME/PATH`. */
export interface RemotePath {
  readonly namespace?: string
  readonly session: string
  /** The volume's name; absent for `SESSION:/`, all volumes. */
  readonly volume?: string
  /** Components of the path within the volume. */
  readonly components: readonly Buffer[]
}

/** What --help says of paths. */
export const pathHelp = `
Paths are written SESSION:/VOLUME/PATH, or NAMESPACE/SESSION:/VOLUME/PATH. "local:/..." is what "open" serves on this
machine. Names are bytes: \\xNN stands for one byte and \\\\ for a backslash, as "ls" prints them.`

/**
 * Reads a remote path as a person types it. `defaultSession` lets `/VOLUME/PATH` and `:/VOLUME/PATH` stand for that one.
 * Throws UsageError, or UnsafePath for `..`.
 */
export function parseRemotePath(text: string, defaultSession?: string): RemotePath {
  const [, owner, rest = ""] = /^([^:]*):(\/.*)$/s.exec(text) ?? []
  const inDefault = defaultSession !== undefined && (owner === "" || text.startsWith("/"))
  const session = inDefault ? defaultSession : (owner ?? "")
  const path = inDefault && owner === undefined ? text : rest
  const [, namespace, name] = /^(?:([a-z0-9][a-z0-9-]*)\/)?([a-z0-9][a-z0-9.-]*)$/.exec(session) ?? []
  if (name === undefined || path === "")
    throw new RecoveryError("UsageError", `"${text}" is no place in a session; write SESSION:/VOLUME/PATH.`)
  const [volume, ...components] = pathComponents(parseName(path))
  return {
    ...(namespace === undefined ? {} : { namespace }),
    session: name,
    ...(volume === undefined ? {} : { volume: volume.toString() }),
    components,
  }
}

/** As it would be typed. */
export function showRemotePath({ namespace, session, volume, components }: RemotePath): string {
  const inside = volume === undefined ? [] : [Buffer.from(volume), ...components]
  return `${namespace === undefined ? "" : `${namespace}/`}${session}:${displayName(joinPath(inside))}`
}

/** The place in a volume. Throws UsageError where all volumes are meant. */
export function placeOf(path: RemotePath): Place {
  const { volume, components } = path
  if (volume !== undefined) return { volume, components }
  throw new RecoveryError("UsageError", `${showRemotePath(path)} is all volumes: name one.`)
}
