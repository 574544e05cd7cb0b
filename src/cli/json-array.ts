import type { Writable } from "node:stream"
import { print, structured } from "./output.ts"

/** A JSON array that is written while its elements come. */
export class JsonArray {
  readonly #out: Writable
  #count = 0

  constructor(out: Writable) {
    this.#out = out
  }

  async add(value: unknown): Promise<void> {
    await print(this.#out, (this.#count++ === 0 ? "[\n" : ",\n") + structured("json", value).trimEnd())
  }

  async end(): Promise<void> {
    await print(this.#out, this.#count === 0 ? "[]\n" : "\n]\n")
  }
}
