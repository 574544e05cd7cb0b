import type { ClusterFlags } from "./cluster.ts"
import type { FilesClient } from "./files-client.ts"
import { sessionFiles } from "./session-files.ts"

/** The sessions a verb reads from, each connected once, however many of its paths were named. */
export class OpenFiles implements Disposable {
  readonly #flags: ClusterFlags
  readonly #clients = new Map<string, Promise<FilesClient>>()

  constructor(flags: ClusterFlags) {
    this.#flags = flags
  }

  of({ namespace, session }: { namespace?: string; session: string }): Promise<FilesClient> {
    const key = `${namespace ?? ""}/${session}`
    const where = { session, ...(namespace !== undefined && { namespace }) }
    const client = this.#clients.get(key) ?? sessionFiles(where, this.#flags)
    this.#clients.set(key, client)
    return client
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients.values())
      void client.then(
        (files) => files.close(),
        () => undefined, // told to whoever asked for it
      )
  }
}
