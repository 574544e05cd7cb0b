import { RecoveryError } from "../../api/reasons.ts"
import { joinPath, maxPathBytes, splitPath } from "../path.ts"

/** Where a path of SFTP leads to: the root, which holds the volumes, or into one of them. */
export type Place = { readonly volume?: undefined } | { readonly volume: string; readonly path: Buffer }

/**
 * The components of a path as clients send it: absolute, or relative to the root, `..` taken as text. That is what clients
 * mean that put paths together by themselves; what is a boundary is the guest's jail. Throws UnsafePath.
 */
export function componentsOf(path: Buffer): Buffer[] {
  if (path.length > maxPathBytes || path.includes(0))
    throw new RecoveryError("UnsafePath", `A path has at most ${maxPathBytes} bytes, and no NUL.`)
  const components: Buffer[] = []
  for (const component of splitPath(path)) {
    if (component.equals(Buffer.from(".."))) components.pop()
    else components.push(component)
  }
  return components
}

/** The path that a client can use from anywhere. */
export function absolute(path: Buffer): Buffer {
  return joinPath(componentsOf(path))
}

export function placeOf(path: Buffer): Place {
  const [volume, ...rest] = componentsOf(path)
  return volume === undefined ? {} : { volume: volume.toString("latin1"), path: joinPath(rest) }
}
