import { createCipheriv, createHash } from "node:crypto"

/**
 * The file that is recovered: the key stream of AES-128 in counter mode. Both the pod that writes it and the one who
 * downloads it can make it, so every wrong byte is seen and counted, at any size, and no two blocks are alike.
 */
const key = Buffer.alloc(16, "fault")

/** A shell command that writes `bytes` of it to a file. */
export const writeKnownFile = (path: string, bytes: number): string =>
  `openssl enc -aes-128-ctr -nosalt -K ${key.toString("hex")} -iv ${"0".repeat(32)} </dev/zero 2>/dev/null | head -c ${bytes} >${path}`

/** Compares a download with it, chunk by chunk. */
export class KnownFile {
  readonly #bytes: number
  readonly #stream = createCipheriv("aes-128-ctr", key, Buffer.alloc(16))
  readonly #got = createHash("sha256")
  readonly #meant = createHash("sha256")
  #position = 0
  #differing = 0

  constructor(bytes: number) {
    this.#bytes = bytes
  }

  get position(): number {
    return this.#position
  }

  take(chunk: Buffer): void {
    const meant = this.#next(Math.min(chunk.length, Math.max(0, this.#bytes - this.#position)))
    this.#position += chunk.length
    this.#got.update(chunk)
    if (chunk.equals(meant)) return
    for (const [i, byte] of chunk.entries()) if (byte !== meant[i]) this.#differing++
  }

  /** How many bytes differ, are missing or too many, now that no more come. */
  end(): number {
    const missing = Math.max(0, this.#bytes - this.#position)
    for (let left = missing; left > 0; left -= 2 ** 20) this.#next(Math.min(left, 2 ** 20))
    const isSame = this.#got.digest("hex") === this.#meant.digest("hex")
    const wrong = this.#differing + missing
    if (isSame !== (wrong === 0)) throw new Error(`${wrong} bytes are wrong, but sha256 says otherwise`)
    return wrong
  }

  #next(bytes: number): Buffer {
    const meant = this.#stream.update(Buffer.alloc(bytes))
    this.#meant.update(meant)
    return meant
  }
}

/** The first bytes of it, to find it on a disk. */
export const knownStart = (): Buffer => createCipheriv("aes-128-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(4096))
