import { inspect } from "node:util"

const redacted = "[redacted]"

/**
 * A secret that can't be logged by mistake: whatever prints it (JSON, string conversion, console, a debugger's inspect)
 * prints "[redacted]". Only `reveal` gives the value.
 */
export class Sensitive<T = string> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  reveal(): T {
    return this.#value
  }

  toJSON(): string {
    return redacted
  }

  toString(): string {
    return redacted
  }

  [Symbol.toPrimitive](): string {
    return redacted
  }

  [inspect.custom](): string {
    return redacted
  }
}
