import type { ConditionType } from "../../src/api/conditions.ts"
import type { FileRecoverySession } from "../../src/api/session.ts"
import type { SessionStatus } from "../../src/api/status.ts"
import { ROLE_LABEL, SESSION_UID_LABEL } from "../../src/api/labels.ts"
import type { PodRole } from "../../src/children/names.ts"
import { kinds } from "../../src/kube/kinds.ts"
import type { KubeObject, Pod } from "../../src/kube/objects.ts"
import { Reflector } from "../../src/kube/reflector.ts"
import { type Cluster } from "../support/cluster.ts"
import { administrator } from "../support/kube.ts"
import { waitFor } from "../support/wait.ts"
import { Download } from "./download.ts"
import { claim, knownPath, snapshot, type Stage } from "./stage.ts"

type Session = FileRecoverySession & KubeObject

/** What the session was seen to do: its reason for not being ready, Ready, or its last phase, and the sentence with it. */
export interface Seen {
  readonly what: string
  readonly message: string
}

/** One session of a stage, watched from before it is created until after it is gone: no step of it goes by unseen. */
export class Scene {
  readonly cluster: Cluster
  readonly namespace: string
  readonly stage: Stage
  readonly name: string
  readonly seen: Seen[] = []
  readonly #kube
  readonly #stop = new AbortController()
  readonly #watching
  #session: Session | undefined
  /** Every `type reason` of a condition since the strike. */
  readonly #said = new Set<string>()
  #isGone = false

  constructor(stage: Stage, name: string) {
    this.stage = stage
    this.cluster = stage.cluster
    this.namespace = stage.namespace
    this.name = name
    this.#kube = administrator(stage.cluster)
    const reflector = new Reflector<Session>({
      transport: this.#kube.transport,
      kind: kinds.FileRecoverySession,
      namespace: stage.namespace,
      fieldSelector: `metadata.name=${name}`,
      backoff: { firstMs: 200, capMs: 2000 },
      onChange: ({ type, object }) => this.#look(type === "delete" ? undefined : object),
    })
    this.#watching = reflector.run(this.#stop.signal)
  }

  /** Ends the watch. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#watching
    this.#kube.connection.close()
  }

  /** What a person would write; `spec` adds to it or replaces. */
  async create(spec: object = {}): Promise<void> {
    const source = { persistentVolumeClaims: [{ name: claim }] }
    await this.cluster.apply({
      apiVersion: "filerecovery.dev/v1alpha1",
      kind: "FileRecoverySession",
      metadata: { name: this.name, namespace: this.namespace },
      spec: { source, recoveryPoint: { name: snapshot }, ...spec },
    })
  }

  get status(): SessionStatus {
    return this.#session?.status ?? {}
  }

  get uid(): string {
    return this.#session?.metadata.uid ?? ""
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** From now on counts what the session says. */
  listen(): void {
    this.#said.clear()
  }

  /** Whether a condition, any or that of one type, has had this reason since then. */
  hasSaid(reason: string, type?: ConditionType): boolean {
    return type ? this.#said.has(`${type} ${reason}`) : [...this.#said].some((one) => one.endsWith(` ${reason}`))
  }

  isReady(): boolean {
    return this.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true
  }

  until(what: string, holds: () => boolean, seconds: number): Promise<true> {
    const describe = () => `it was ${this.seen.map((one) => one.what).join(", ")}; ${JSON.stringify(this.status)}`
    return waitFor(what, async () => holds() || undefined, { seconds, everyMs: 50, describe })
  }

  /** The pod that has the role now, when all of its containers run. */
  pod(role: PodRole): Promise<Pod> {
    return waitFor(`the ${role} pod to run`, async () => (await this.pods(role)).find(runs), { seconds: 60 })
  }

  async pods(role: PodRole): Promise<Pod[]> {
    const labelSelector = `${SESSION_UID_LABEL}=${this.uid},${ROLE_LABEL}=${role}`
    return await this.#kube.client.list<Pod>(kinds.Pod, { namespace: this.namespace, labelSelector })
  }

  /** As a user does it. */
  download(): Download {
    const command = ["kubectl-recover", "cp", "-q", "-n", this.namespace, `${this.name}:${knownPath}`, "-"]
    return new Download(this.stage.bytes, command, { env: this.cluster.env })
  }

  /** kubectl in the stage's namespace. */
  async kubectl(...args: string[]): Promise<string> {
    return (await this.cluster.kubectl(["-n", this.namespace, ...args])).stdout
  }

  #look(session: Session | undefined): void {
    if (session) this.#session = session
    this.#isGone = session === undefined
    for (const { type, reason } of session?.status?.conditions ?? []) this.#said.add(`${type} ${reason}`)
    const now = session ? describe(session.status ?? {}) : { what: "gone", message: "" }
    if (now && now.what !== this.seen.at(-1)?.what) this.seen.push(now)
  }
}

function runs({ metadata, status }: Pod): boolean {
  const states = status?.containerStatuses ?? []
  const running = states.length > 0 && states.every(({ state }) => state?.running !== undefined)
  return running && metadata?.deletionTimestamp === undefined
}

function describe({ phase, conditions = [], release }: SessionStatus): Seen | undefined {
  if (phase === "Unmounted" || phase === "Expired" || phase === "Failed")
    return { what: `${phase} (${release?.reason})`, message: release?.message ?? "" }
  if (phase === "Unmounting") return { what: phase, message: release?.message ?? "" }
  const ready = conditions.find(({ type }) => type === "Ready")
  return ready && { what: ready.status === "True" ? "Ready" : ready.reason, message: ready.message }
}
