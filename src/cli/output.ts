import type { Writable } from "node:stream"
import { stringify } from "yaml"

/** Where a verb writes: results to `out`, everything else to `err`. */
export interface Streams {
  readonly out: Writable
  readonly err: Writable
  readonly outIsTerminal: boolean
  readonly errIsTerminal: boolean
}

/** The reader of our output has enough, as head(1) has: no failure, but the end. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed"
}

/** Writes, and waits while the reader can't keep up. Rejects with OutputClosed when nobody reads any more. */
export async function print(stream: Writable, text: string | Buffer): Promise<void> {
  if (stream.destroyed) throw new OutputClosed()
  if (stream.write(text)) return
  await new Promise<void>((resolve, reject) => {
    const settle = (error?: Error) => {
      stream.off("drain", onDrain).off("close", onClose).off("error", onClose)
      if (error) reject(error)
      else resolve()
    }
    const onDrain = () => settle()
    const onClose = () => settle(new OutputClosed())
    stream.on("drain", onDrain).on("close", onClose).on("error", onClose)
  })
}

/** What JSON leaves as it is and a terminal may obey: DEL and C1 controls, direction changes, line separators. */
const deceiving = /[\p{Cf}\p{Zl}\p{Zp}\u007f-\u009f]/gu

/** A value in one of the formats that show all of it. Every text in it is exact, and none can play with the terminal. */
export function structured(format: "json" | "yaml", value: unknown): string {
  const json = () => `${JSON.stringify(value, null, 2).replace(deceiving, unicodeEscapes)}\n`
  if (format === "json") return json()
  const yaml = stringify(value)
  // YAML has no escapes in plain texts; JSON is YAML, too
  return yaml.search(deceiving) === -1 ? yaml : json()
}

function unicodeEscapes(character: string): string {
  return Array.from({ length: character.length }, (_, unit) => {
    return `\\u${character.charCodeAt(unit).toString(16).padStart(4, "0")}`
  }).join("")
}
