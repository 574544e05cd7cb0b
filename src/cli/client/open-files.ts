import { RecoveryError } from "../../api/reasons.ts"
import type { Context } from "../context.ts"
import type { ClusterFlags } from "./cluster.ts"
import type { FilesClient } from "../../client/files-client.ts"
import { sessionFiles } from "./session-files.ts"

/** The sessions a verb reads from, each connected once, however many of its paths were named. Ctrl-C ends what is asked of them. */
export class OpenFiles implements Disposable {
  readonly #flags: ClusterFlags
  readonly #context: Context
  readonly #clients = new Map<string, Promise<FilesClient>>()
  readonly #interrupted = Promise.withResolvers<never>()
  readonly #interrupt = () => {
    this.#interrupted.reject(new RecoveryError("Interrupted", "Interrupted."))
    this.#each((files) => files.interrupt())
  }

  constructor(flags: ClusterFlags, context: Context) {
    const { signal } = context
    this.#flags = flags
    this.#context = context
    this.#interrupted.promise.catch(() => undefined) // told to whoever asks
    signal.addEventListener("abort", this.#interrupt, { once: true })
    if (signal.aborted) this.#interrupt()
  }

  of({ namespace, session }: { namespace?: string; session: string }): Promise<FilesClient> {
    const key = namespace === undefined ? session : `${namespace}/${session}`
    const where = { session, ...(namespace !== undefined && { namespace }) }
    const client = this.#clients.get(key) ?? this.#connect(key, where)
    this.#clients.set(key, client)
    return Promise.race([client, this.#interrupted.promise])
  }

  async #connect(key: string, where: { namespace?: string; session: string }): Promise<FilesClient> {
    if (key === this.#context.defaultSession) await this.#context.openDefault?.()
    return sessionFiles(where, this.#flags)
  }

  [Symbol.dispose](): void {
    this.#context.signal.removeEventListener("abort", this.#interrupt)
    this.#each((files) => files.close())
  }

  #each(use: (files: FilesClient) => void): void {
    for (const client of this.#clients.values()) void client.then(use, () => undefined) // told to whoever asked for it
  }
}
