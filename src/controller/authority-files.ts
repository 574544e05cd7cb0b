import type { KeyObject } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { RecoveryError } from "../api/reasons.ts"
import { loadMasterKey } from "../credentials/master-key.ts"
import { type Authority, loadAuthority } from "../pki/authority.ts"

/** The installation's authority and master key. */
export interface AuthorityFiles {
  authority(): Authority
  masterKey(): KeyObject
}

/**
 * Reads the mounted Secret of the authority anew whenever it is asked for, because the kubelet replaces the files when
 * somebody rotates them. What was good once is kept while the files can't be read. Throws when they never could.
 */
export function authorityFiles(directory: string): AuthorityFiles {
  const certificate = new KeptWhileSame(directory, ["ca.crt", "ca.key"], ([certPem = "", keyPem = ""]) =>
    loadAuthority({ certPem, keyPem }),
  )
  const master = new KeptWhileSame(directory, ["master.key"], ([text = ""]) => loadMasterKey(text))
  return { authority: () => certificate.value(), masterKey: () => master.value() }
}

/** Something made from files: made again only when one of them has changed. */
class KeptWhileSame<T> {
  readonly #paths: readonly string[]
  readonly #make: (texts: string[]) => T
  #kept: { readonly texts: string[]; readonly value: T } | undefined

  constructor(directory: string, names: readonly string[], make: (texts: string[]) => T) {
    this.#paths = names.map((name) => join(directory, name))
    this.#make = make
  }

  value(): T {
    try {
      const texts = this.#paths.map((path) => readFileSync(path, "utf8"))
      if (this.#kept?.texts.every((text, i) => text === texts[i]) !== true) {
        this.#kept = { texts, value: this.#make(texts) }
      }
      return this.#kept.value
    } catch (cause) {
      if (this.#kept) return this.#kept.value
      const words = cause instanceof Error ? cause.message : String(cause)
      throw new RecoveryError("Internal", `the authority can't be read from ${this.#paths.join(", ")}: ${words}`, {
        cause,
      })
    }
  }
}
