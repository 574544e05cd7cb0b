import { spawn } from "node:child_process"
import { once } from "node:events"
import { KnownFile } from "./known-file.ts"

export interface DownloadOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly input?: string
}

/** A program that writes the known file to its standard output. It can be held anywhere: then it is underway for sure. */
export class Download {
  readonly #child
  readonly #known: KnownFile
  readonly #chunks: AsyncIterator<Buffer>
  readonly #closed: Promise<unknown[]>
  #words = ""

  constructor(bytes: number, [program = "", ...args]: string[], { env, input = "" }: DownloadOptions = {}) {
    this.#child = spawn(program, args, { env: env ?? process.env, stdio: ["pipe", "pipe", "pipe"] })
    this.#child.stdin.on("error", () => undefined).end(input) // it may end before it has read that
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#words += text))
    this.#closed = once(this.#child, "close")
    this.#chunks = this.#child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>
    this.#known = new KnownFile(bytes)
  }

  /** Reads so many bytes and then no further; rejects when the command ends before. */
  async advance(bytes: number): Promise<void> {
    while (this.#known.position < bytes)
      if (!(await this.#step()))
        throw new Error(`the download ended after ${this.#known.position} bytes: ${this.#words}`)
  }

  /** Reads the rest, and says how many bytes of the whole are wrong. Rejects when the command fails. */
  async finish(): Promise<number> {
    while (await this.#step());
    const [code] = (await this.#closed) as [number | null]
    if (code !== 0)
      throw new Error(`the download ended with ${code} after ${this.#known.position} bytes: ${this.#words}`)
    return this.#known.end()
  }

  /** Ends the command, whatever it is doing. */
  async stop(): Promise<void> {
    this.#child.kill("SIGKILL")
    this.#child.stdout.destroy()
    await this.#closed.catch(() => undefined)
  }

  async #step(): Promise<boolean> {
    const { done, value } = await this.#chunks.next()
    if (done !== true) this.#known.take(value)
    return done !== true
  }
}
