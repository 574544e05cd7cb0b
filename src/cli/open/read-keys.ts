import { readFile } from "node:fs/promises"
import type { Writable } from "node:stream"
import { buffer } from "node:stream/consumers"
import { RecoveryError } from "../../api/reasons.ts"
import type { UnlockKey } from "../../guest/unlock-key.ts"
import { Sensitive } from "../../observability/sensitive.ts"

/**
 * The keys that `--key-file` names: files as they are; `-` is asked for, without echo, where stdin is a terminal, and all
 * of stdin where it is not. Rejects with UsageError for a file that can't be read.
 */
export async function readKeys(files: readonly string[], err: Writable, signal: AbortSignal): Promise<UnlockKey[]> {
  const keys: UnlockKey[] = []
  for (const file of files) keys.push(await readKey(file, err, signal))
  return keys
}

async function readKey(file: string, err: Writable, signal: AbortSignal): Promise<UnlockKey> {
  if (file === "-" && process.stdin.isTTY)
    return {
      name: "the key that was typed",
      value: new Sensitive(await typed("Key of the encrypted volume: ", err, signal)),
    }
  if (file === "-") return { name: "the key from stdin", value: new Sensitive(await buffer(process.stdin)) }
  try {
    return { name: `key file ${file}`, value: new Sensitive(await readFile(file)) }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    throw new RecoveryError("UsageError", `The key file ${file} can't be read (${code}).`, { cause })
  }
}

const interrupt = 0x03
const endOfInput = 0x04
const erase = new Set([0x08, 0x7f])
const lineEnd = new Set([0x0a, 0x0d, endOfInput])

/** A line from the terminal, whose echo is off meanwhile. Rejects with Interrupted on Ctrl-C: in raw mode no signal comes. */
async function typed(prompt: string, err: Writable, signal: AbortSignal): Promise<Buffer> {
  const { stdin } = process
  const bytes: number[] = []
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const interrupted = () => reject(new RecoveryError("Interrupted", "Interrupted."))
  const hear = (chunk: Buffer) => {
    for (const byte of chunk) {
      if (byte === interrupt) return interrupted()
      if (lineEnd.has(byte)) return resolve(Buffer.from(bytes))
      if (erase.has(byte)) bytes.splice(lastCharacter(bytes))
      else bytes.push(byte)
    }
  }
  signal.addEventListener("abort", interrupted, { once: true })
  stdin.setRawMode(true)
  stdin.on("data", hear)
  stdin.resume()
  err.write(prompt) // whoever answers it at once is not shown either
  try {
    return await promise
  } finally {
    stdin.off("data", hear)
    stdin.pause()
    stdin.setRawMode(false)
    signal.removeEventListener("abort", interrupted)
    err.write("\n")
  }
}

/** Where the last character begins: in UTF-8 the bytes after its first have the form 10xxxxxx. */
function lastCharacter(bytes: readonly number[]): number {
  return Math.max(
    0,
    bytes.findLastIndex((byte) => (byte & 0xc0) !== 0x80),
  )
}
