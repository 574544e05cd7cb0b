/** Longest path of a volume, without its number. */
const maxLength = 120

/** A name in the characters that need no escaping in a URL or a shell. */
export function slug(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9._-]/g, "_").slice(0, maxLength)
  // never "." or "..", never hidden, never an option
  return plain.replace(/^[.-]/, "_") || "_"
}

/** The same names, told apart: the second `data` is `data~2`. */
export function numberEqual(names: readonly string[]): string[] {
  const seen = new Map<string, number>()
  return names.map((name) => {
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return count === 1 ? name : `${name}~${count}`
  })
}

/** Where the guest mounts the volume of a device. */
export const mountedAt = (device: string) => `/volumes/${device}`
