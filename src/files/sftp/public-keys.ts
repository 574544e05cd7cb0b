import ssh2 from "ssh2"
import type { ParsedKey } from "ssh2"
import { fingerprintOf } from "../../api/public-key.ts"

/** Keys by fingerprint; undefined for one that can't be read, which lets nobody in. */
type Keys = ReadonlyMap<string, ParsedKey | undefined>

/** The public keys that let in whoever has their private half. Those that users have named may change while a service runs. */
export class PublicKeys {
  #named: Keys = new Map()
  #kept: Keys = new Map()
  readonly #listeners = new Set<() => void>()

  /** Lines in OpenSSH's format: all that users have named by now. */
  set(lines: readonly string[]): void {
    this.#named = keysOf(lines)
    for (const listener of this.#listeners) listener()
  }

  /** One that stays, whatever is named. */
  keep(line: string): void {
    this.#kept = keysOf([line])
  }

  /** Of those that were named, in their order, each once. */
  get fingerprints(): string[] {
    return [...this.#named.keys()]
  }

  /** The key that is these bytes (RFC 4253, 6.6). */
  find(blob: Buffer): ParsedKey | undefined {
    const fingerprint = fingerprintOf(blob)
    return this.#kept.get(fingerprint) ?? this.#named.get(fingerprint)
  }

  /** Calls back once, at once or as soon as the key of this fingerprint opens nothing any more; the answer takes that back. */
  onRevoked(fingerprint: string, revoked: () => void): () => void {
    const forget = () => void this.#listeners.delete(look)
    const look = () => {
      if (this.#kept.has(fingerprint) || this.#named.has(fingerprint)) return
      forget()
      revoked()
    }
    this.#listeners.add(look)
    look()
    return forget
  }
}

function keysOf(lines: readonly string[]): Keys {
  return new Map(lines.map((line) => [fingerprintOf(line), readKey(line)]))
}

function readKey(line: string): ParsedKey | undefined {
  const key = ssh2.utils.parseKey(line)
  return key instanceof Error || key.isPrivateKey() ? undefined : key
}
