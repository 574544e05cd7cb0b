import type { FileRecoverySession } from "../../../src/api/session.ts"
import type { Phase, SessionStatus } from "../../../src/api/status.ts"
import { kinds } from "../../../src/kube/kinds.ts"
import type { Kube } from "../../../src/kube/kube.ts"
import type { KubeObject } from "../../../src/kube/objects.ts"
import { Reflector } from "../../../src/kube/reflector.ts"
import { waitFor } from "../../support/wait.ts"
import { inParallel } from "../in-parallel.ts"
import { progress } from "../progress.ts"

type Session = FileRecoverySession & KubeObject

/** One session as it was seen, times in seconds of this process's clock. */
interface Seen {
  readonly namespace: string
  readonly name: string
  readonly createdAt: number
  readyAt?: number
  status: SessionStatus
}

const label = "bench.filerecovery.dev/crowd"
const clients = 10
const now = () => performance.now() / 1000

/** Sessions that are created together, and watched all the time. */
export class Crowd implements AsyncDisposable {
  readonly #kube: Kube
  readonly #name: string
  readonly #sessions = new Map<string, Seen>()
  readonly #gone = new Set<string>()
  readonly #stop = new AbortController()
  readonly #watching: Promise<void>

  constructor(kube: Kube, name: string) {
    this.#kube = kube
    this.#name = name
    const reflector = new Reflector<Session>({
      transport: kube.transport,
      kind: kinds.FileRecoverySession,
      labelSelector: `${label}=${name}`,
      backoff: { firstMs: 200, capMs: 2000 },
      onChange: ({ type, object }) => this.#look(object, type === "delete"),
    })
    this.#watching = reflector.run(this.#stop.signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#watching
  }

  /** One session per source, one after the other in each of the namespaces. */
  async create(
    namespaces: readonly string[],
    sources: readonly FileRecoverySession["spec"]["source"][],
  ): Promise<void> {
    const wanted = sources.map((source, index) => ({
      namespace: namespaces[index % namespaces.length] ?? "",
      name: `${this.#name}-${index}`,
      source,
    }))
    await inParallel(wanted, clients, async ({ namespace, name, source }) => {
      this.#sessions.set(`${namespace}/${name}`, { namespace, name, createdAt: now(), status: {} })
      const metadata = { namespace, name, labels: { [label]: this.#name } }
      const session: KubeObject & Pick<Session, "spec"> = { metadata, spec: { source } }
      await this.#kube.client.create(kinds.FileRecoverySession, session)
    })
  }

  /** Asks for the end of all of them. */
  async unmount(): Promise<void> {
    const patch = { spec: { desiredState: "Unmounted" } }
    await inParallel([...this.#sessions.values()], clients, ({ namespace, name }) =>
      this.#kube.client.mergePatch(kinds.FileRecoverySession, name, namespace, patch),
    )
  }

  /** Deletes all of them and waits until they are gone. */
  async remove(seconds: number): Promise<void> {
    const { client } = this.#kube
    await inParallel([...this.#sessions.values()], clients, async ({ namespace, name }) => {
      const found = await client.get<Session>(kinds.FileRecoverySession, name, namespace)
      const uid = found?.metadata.uid
      if (uid !== undefined)
        await client.remove(kinds.FileRecoverySession, name, namespace, { uid, propagation: "Background" })
    })
    await this.#until(`${this.#name}: gone`, () => this.#gone.size, seconds)
  }

  /** Waits until all are in this phase, and tells how it goes. Rejects with what the others say when it takes too long. */
  async until(phase: Phase, seconds: number): Promise<void> {
    await this.#until(`${this.#name}: ${phase}`, () => this.count((status) => status.phase === phase), seconds)
  }

  /** Waits until all of them say something. */
  async untilAll(what: string, says: (status: SessionStatus) => boolean, seconds: number): Promise<void> {
    await this.#until(`${this.#name}: ${what}`, () => this.count(says), seconds)
  }

  count(says: (status: SessionStatus) => boolean): number {
    return [...this.#sessions.values()].filter(({ status }) => says(status)).length
  }

  /** Seconds from the moment each was asked for until it was seen Ready, of those that were. */
  get readySeconds(): number[] {
    return [...this.#sessions.values()].flatMap(({ createdAt, readyAt }) =>
      readyAt === undefined ? [] : [readyAt - createdAt],
    )
  }

  async #until(what: string, count: () => number, seconds: number): Promise<void> {
    const all = this.#sessions.size
    const toldAt = { at: now() }
    const done = async () => {
      if (now() - toldAt.at > 10) {
        toldAt.at = now()
        progress(`${what}: ${count()} of ${all}`)
      }
      return count() === all
    }
    await waitFor(`${all} sessions, ${what}`, done, { seconds, everyMs: 50, describe: () => this.#words() })
    progress(`${what}: all ${all}`)
  }

  /** What they say, and how many say so. */
  #words(): string {
    const counts = new Map<string, number>()
    for (const { status } of this.#sessions.values()) {
      const words = `${status.phase} ${status.conditions?.find(({ type }) => type === "Ready")?.reason}`
      counts.set(words, (counts.get(words) ?? 0) + 1)
    }
    return [...counts].map(([words, count]) => `${count} ${words}`).join(", ")
  }

  #look({ metadata, status = {} }: Session, isGone: boolean): void {
    const key = `${metadata.namespace}/${metadata.name}`
    const seen = this.#sessions.get(key)
    if (!seen) return
    if (isGone) this.#gone.add(key)
    seen.status = status
    if (status.phase === "Ready") seen.readyAt ??= now()
  }
}
