import { MINUTE } from "../api/duration.ts"
import type { FileRecoverySession } from "../api/session.ts"
import type { KubeClient, ListOptions } from "../kube/client.ts"
import { KubeError } from "../kube/errors.ts"
import { kinds } from "../kube/kinds.ts"
import type { KubeObject } from "../kube/objects.ts"

export type SessionObject = FileRecoverySession & KubeObject

/** How long the API server must go on saying that there is no such kind until its sessions count as gone. */
const KIND_GONE_MS = 10 * MINUTE
/** Between two looks that are further apart than this the kind may have been there. */
const WATCHED_MS = 2 * MINUTE

/**
 * The sessions there are, as the API server itself says now. A 404 can mean two things: no such session, or no such kind.
 * The second passes when definitions are replaced, or a version of them is switched off by mistake: it is an error to be
 * tried again, until it has lasted for 10 minutes.
 */
export class LiveSessions {
  readonly #kube: KubeClient
  readonly #now: () => Date
  #missing: { readonly since: number; readonly last: number } | undefined

  constructor({ kube, now }: { kube: KubeClient; now: () => Date }) {
    this.#kube = kube
    this.#now = now
  }

  /** Undefined when there is none of that name. */
  async get(namespace: string, name: string): Promise<SessionObject | undefined> {
    const found = await this.#kube.get<SessionObject>(kinds.FileRecoverySession, name, namespace)
    if (found) {
      this.#missing = undefined
      return found
    }
    // only a list tells the one 404 from the other
    const listed = await this.#list({ namespace, fieldSelector: `metadata.name=${name}` })
    return listed.find(({ metadata }) => metadata.name === name)
  }

  /** UIDs of all sessions of a namespace. */
  async uidsIn(namespace: string): Promise<ReadonlySet<string>> {
    return new Set((await this.#list({ namespace })).map(({ metadata }) => metadata.uid ?? ""))
  }

  async #list(options: ListOptions): Promise<SessionObject[]> {
    try {
      const sessions = await this.#kube.list<SessionObject>(kinds.FileRecoverySession, options)
      this.#missing = undefined
      return sessions
    } catch (error) {
      const isMissing = error instanceof KubeError && error.status === 404
      if (!isMissing || this.#missingMs() < KIND_GONE_MS) throw error
      return []
    }
  }

  /** For how long every look has found that the kind is missing, this one included. */
  #missingMs(): number {
    const now = this.#now().getTime()
    const { since = now, last = now } = this.#missing ?? {}
    this.#missing = { since: now - last > WATCHED_MS ? now : since, last: now }
    return now - this.#missing.since
  }
}
