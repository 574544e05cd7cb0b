/** A key to try on encrypted volumes: a LUKS passphrase or key file, a BitLocker password, recovery key or startup key. */
export interface UnlockKey {
  /** What people are told of it: where it comes from, never what it is. */
  readonly name: string
  /** Undefined: it was to be given, and is not there. */
  readonly value: Buffer | undefined
}

const lineFeed = 0x0a
const carriageReturn = 0x0d

/**
 * What a key may mean: itself, or itself without the line end that `kubectl create secret --from-file` and editors bring
 * along. That comes first, as passphrases are what is mostly given; a binary key that ends so by chance is tried after it.
 */
export function readings(value: Buffer): Buffer[] {
  const bare = value.at(-1) === lineFeed ? value.subarray(0, value.at(-2) === carriageReturn ? -2 : -1) : value
  return (bare.length === value.length ? [value] : [bare, value]).filter(({ length }) => length > 0)
}
