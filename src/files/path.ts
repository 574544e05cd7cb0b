import { RecoveryError } from "../api/reasons.ts"
import { displayName } from "./names.ts"

/** Longest path in bytes, PATH_MAX of Linux. */
export const maxPathBytes = 4096
const slash = 0x2f

/**
 * The components of an absolute path of a volume: repeated slashes and `.` vanish. `..` is refused rather than resolved:
 * behind a symbolic link it means something else than its text. The guest's jail is the boundary; this is hygiene.
 */
export function pathComponents(path: Buffer): Buffer[] {
  if (path[0] !== slash) throw new RecoveryError("UsageError", "A path starts with /.")
  if (path.length > maxPathBytes) throw new RecoveryError("UnsafePath", `A path has at most ${maxPathBytes} bytes.`)
  if (path.includes(0)) throw new RecoveryError("UnsafePath", "A path holds no NUL byte.")
  const components = splitPath(path)
  if (components.some((component) => component.equals(Buffer.from(".."))))
    throw new RecoveryError("UnsafePath", `The path ${displayName(path)} holds "..": write where it leads to.`)
  return components
}

/** `/a//./b/` -> `/a/b`. */
export function normalPath(path: Buffer): Buffer {
  return joinPath(pathComponents(path))
}

export function joinPath(components: readonly Buffer[]): Buffer {
  if (components.length === 0) return Buffer.from("/")
  return Buffer.concat(components.flatMap((component) => [Buffer.from("/"), component]))
}

/** What stands between slashes, without empty parts and `.`. */
export function splitPath(path: Buffer): Buffer[] {
  const components: Buffer[] = []
  for (let start = 0; start <= path.length;) {
    const end = path.indexOf(slash, start)
    const component = path.subarray(start, end === -1 ? path.length : end)
    if (component.length > 0 && !component.equals(Buffer.from("."))) components.push(component)
    if (end === -1) break
    start = end + 1
  }
  return components
}

/** Normal paths without those that stand twice or below another one: whoever takes that has them. */
export function outermost(paths: readonly Buffer[]): Buffer[] {
  const slashed = (path: Buffer) => Buffer.concat([path, Buffer.from(path.length > 1 ? "/" : "")])
  const isBelow = (path: Buffer, other: Buffer) =>
    path.length > other.length && slashed(path).indexOf(slashed(other)) === 0
  return paths.filter(
    (path, at) => paths.findIndex((other) => other.equals(path)) === at && !paths.some((other) => isBelow(path, other)),
  )
}
