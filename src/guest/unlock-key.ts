import type { Sensitive } from "../observability/sensitive.ts"

/** A key to try on encrypted volumes: a LUKS passphrase or key file, a BitLocker password, recovery key or startup key. */
export interface UnlockKey {
  /** What people are told of it: where it comes from, never what it is. */
  readonly name: string
  /** Undefined: it was to be given, and is not there. */
  readonly value: Sensitive<Buffer> | undefined
}

/** A Secret holds no more. */
const maxKeyBytes = 1 << 20
const lineFeed = 0x0a
const carriageReturn = 0x0d

/** Why a key can't be tried on anything; undefined when it can. */
export function unusable({ value }: UnlockKey): string | undefined {
  if (value === undefined) return "Absent"
  const { length } = value.reveal()
  if (length === 0) return "Empty"
  return length > maxKeyBytes ? `Longer than ${maxKeyBytes} bytes` : undefined
}

/** All that is to be tried, in this order: each key in its likeliest reading, then those that may mean something else. */
export function attempts(keys: readonly UnlockKey[]): { key: UnlockKey; reading: Buffer }[] {
  const usable = keys.filter((key) => unusable(key) === undefined)
  return [0, 1].flatMap((order) =>
    usable.flatMap((key) =>
      readings(key.value?.reveal())
        .slice(order, order + 1)
        .map((reading) => ({ key, reading })),
    ),
  )
}

/**
 * What a key may mean: itself, or itself without the line end that `kubectl create secret --from-file` and editors bring
 * along. That comes first, as passphrases are what is mostly given; a binary key that ends so by chance is tried after it.
 */
function readings(value: Buffer = Buffer.alloc(0)): Buffer[] {
  if (value.at(-1) !== lineFeed) return [value]
  const bare = value.subarray(0, value.at(-2) === carriageReturn ? -2 : -1)
  return bare.length === 0 ? [value] : [bare, value]
}
