import type { Entry } from "./schemas.ts"

const letters = { file: "-", directory: "d", symlink: "l", fifo: "p", socket: "s", block: "b", char: "c" } as const

/** Type and permissions as ls(1) has them: `-rw-r--r--`. */
export function modeText({ type, mode }: Pick<Entry, "type" | "mode">): string {
  return letters[type] + permissions(mode)
}

/** rwxr-xr-x, with s, S, t and T as ls(1) has them. */
export function permissions(mode: number): string {
  const triple = (shift: number, special: number, letter: string) => {
    const bits = (mode >> shift) & 7
    const execute = (bits & 1) !== 0
    const last = (mode & special) !== 0 ? (execute ? letter : letter.toUpperCase()) : execute ? "x" : "-"
    return `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${last}`
  }
  return triple(6, 0o4000, "s") + triple(3, 0o2000, "s") + triple(0, 0o1000, "t")
}
