import { RecoveryError } from "../../api/reasons.ts"
import type { ClusterFlags } from "./cluster.ts"
import type { FilesClient } from "./files-client.ts"
import { sessionFiles } from "./session-files.ts"

/** The sessions a verb reads from, each connected once, however many of its paths were named. Ctrl-C ends what is asked of them. */
export class OpenFiles implements Disposable {
  readonly #flags: ClusterFlags
  readonly #signal: AbortSignal
  readonly #clients = new Map<string, Promise<FilesClient>>()
  readonly #interrupted = Promise.withResolvers<never>()
  readonly #interrupt = () => {
    this.#interrupted.reject(new RecoveryError("Interrupted", "Interrupted."))
    this.#each((files) => files.interrupt())
  }

  constructor(flags: ClusterFlags, signal: AbortSignal) {
    this.#flags = flags
    this.#signal = signal
    this.#interrupted.promise.catch(() => undefined) // told to whoever asks
    signal.addEventListener("abort", this.#interrupt, { once: true })
    if (signal.aborted) this.#interrupt()
  }

  of({ namespace, session }: { namespace?: string; session: string }): Promise<FilesClient> {
    const key = `${namespace ?? ""}/${session}`
    const where = { session, ...(namespace !== undefined && { namespace }) }
    const client = this.#clients.get(key) ?? sessionFiles(where, this.#flags)
    this.#clients.set(key, client)
    return Promise.race([client, this.#interrupted.promise])
  }

  [Symbol.dispose](): void {
    this.#signal.removeEventListener("abort", this.#interrupt)
    this.#each((files) => files.close())
  }

  #each(use: (files: FilesClient) => void): void {
    for (const client of this.#clients.values()) void client.then(use, () => undefined) // told to whoever asked for it
  }
}
