import library, {
  type ResourceEvent,
  ResourceEventType,
  type ResourceMeta,
  ResourceMetaImpl,
} from "@dot-i/k8s-operator"
import { INSTANCE_LABEL } from "../api/labels.ts"
import type { FileRecoveryCopy } from "../api/copy.ts"
import type { FileRecoverySession } from "../api/session.ts"
import type { KubeClient } from "../kube/client.ts"
import { aborted } from "../kube/clock.ts"
import { KubeError } from "../kube/errors.ts"
import { type KindRef, kinds } from "../kube/kinds.ts"
import type { KubeObject } from "../kube/objects.ts"
import { type Change, Reflector, type ReflectorOptions } from "../kube/reflector.ts"
import { keyOf, type Store } from "../kube/store.ts"
import type { Transport } from "../kube/transport.ts"
import { WorkQueue, type WorkQueueOptions } from "../kube/work-queue.ts"
import { readCopyKey } from "./copies/copy-keys.ts"
import type { ChildStores, Log } from "./deps.ts"
import type { SessionObject } from "./live-sessions.ts"
import type { Reconciler } from "./reconcile.ts"
import { orphanKey, readKey, type SessionIndex, suspects, watches } from "./watches.ts"

// the package is CommonJS: Node gives all it exports, loaders that unwrap it (vitest) only the class
const Operator: typeof library.default = "default" in library ? library.default : library

export interface RecoveryOperatorOptions {
  readonly transport: Transport
  readonly client: KubeClient
  /** Value of the label filerecovery.dev/instance. */
  readonly instance: string
  readonly log: Log
  readonly queue: Omit<WorkQueueOptions, "work">
  readonly reflector?: Pick<ReflectorOptions<KubeObject>, "backoff" | "watchLimits" | "soundAfterMs">
  readonly onWatchFailure?: (resource: string) => void
  /** Told of every change of a session, before the session is reconciled for it. */
  readonly onSession?: (change: Change<SessionObject>) => void
}

/**
 * The operator: watches everything that concerns sessions, and has each session that something happened to reconciled.
 *
 * The life cycle is that of @dot-i/k8s-operator. What its class does over the network is all replaced, because as
 * published it ends the process when a watch breaks, never hears of what was deleted meanwhile, only logs that a
 * finalizer or a status couldn't be written, and sends both to a URL that begins with "undefined":
 * test/integration/published-operator.test.ts shows each of these, and that this class doesn't.
 */
export class RecoveryOperator extends Operator {
  readonly #options: RecoveryOperatorOptions
  readonly #reflectors = new Map<string, Reflector<KubeObject>>()
  readonly #running: Promise<void>[] = []
  readonly #stopping = new AbortController()
  readonly #queue: WorkQueue
  readonly #sessionKeys = new Map<string, string>()
  #reconciler: Reconciler | undefined

  constructor(options: RecoveryOperatorOptions) {
    super({
      debug: (message) => options.log.debug({}, message),
      info: (message) => options.log.info({}, message),
      warn: (message) => options.log.warn({}, message),
      error: (message) => options.log.warn({}, message),
    })
    this.#options = options
    this.#queue = new WorkQueue({ ...options.queue, work: (key) => this.#work(key) })
  }

  /** Filled by `start`. */
  get sessions(): Store<FileRecoverySession & KubeObject> {
    return this.#store(sessionsPlural)
  }

  get copies(): Store<FileRecoveryCopy & KubeObject> {
    return this.#store(kinds.FileRecoveryCopy.plural)
  }

  get children(): ChildStores {
    return {
      attachments: this.#store("filerecoveryattachments"),
      pods: this.#store("pods"),
      claims: this.#store("persistentvolumeclaims"),
      services: this.#store("services"),
      networkPolicies: this.#store("networkpolicies"),
      snapshots: this.#store("volumesnapshots"),
      contents: this.#store("volumesnapshotcontents"),
    }
  }

  /** Keys of what may be orphans. */
  get suspects(): string[] {
    return suspects(this.#options.instance, this.#index(), ({ plural }) => this.#store(plural).list())
  }

  get queueDepth(): number {
    return this.#queue.depth
  }

  /** Has a session (`namespace/name`) reconciled for a reason no watch tells. */
  look(key: string): void {
    this.#queue.add(key)
  }

  /** Kinds that were not listed yet: nothing may be decided before there are none. */
  get notSynced(): string[] {
    return [...this.#reflectors].filter(([, reflector]) => !reflector.hasSynced).map(([plural]) => plural)
  }

  get #isSynced(): boolean {
    return this.notSynced.length === 0
  }

  /** Resolves when every kind was listed. */
  async synced(): Promise<void> {
    await Promise.all([...this.#reflectors.values()].map((reflector) => reflector.synced))
  }

  /** Reconciles until the signal aborts; resolves when no reconcile is under way any more. Once only. */
  async lead(signal: AbortSignal, reconciler: Reconciler): Promise<void> {
    await Promise.race([this.synced(), aborted(signal)])
    this.#reconciler = reconciler
    if (!signal.aborted) this.#queue.start()
    await aborted(signal)
    await this.#queue.stop()
  }

  /** Has a key worked on like any other; true when that succeeded. */
  visit(key: string): Promise<boolean> {
    return this.#queue.visit(key)
  }

  /** Ends all watches. */
  override stop(): void {
    this.#stopping.abort()
  }

  /** Resolves when all watches have ended. */
  async stopped(): Promise<void> {
    await Promise.all(this.#running)
  }

  /** Called by `start`. */
  protected override async init(): Promise<void> {
    for (const { kind, sessions } of watches) {
      const [group, version] = kind.apiVersion.includes("/") ? kind.apiVersion.split("/") : ["", kind.apiVersion]
      const onEvent = async ({ object }: ResourceEvent): Promise<void> => {
        // until all sessions were listed, everything of theirs looks left over: the sweeps find what is
        const keys = sessions(object, this.#index()).filter((key) => this.#isSynced || readKey(key).uid === undefined)
        for (const key of keys) this.#queue.add(key)
      }
      await this.watchResource(group ?? "", version ?? "", kind.plural, onEvent)
    }
  }

  /** Never ends before `stop`, whatever the server does; also tells of objects that were deleted while no watch was open. */
  protected override async watchResource(
    group: string,
    version: string,
    plural: string,
    onEvent: (event: ResourceEvent) => Promise<void>,
    namespace?: string,
  ): Promise<void> {
    const { transport, instance, log, reflector: tuning, onWatchFailure } = this.#options
    const apiVersion = group ? `${group}/${version}` : version
    const watched = watches.find(({ kind }) => kind.plural === plural && kind.apiVersion === apiVersion)
    const kind: KindRef = watched?.kind ?? { apiVersion, kind: "", plural, namespaced: true }
    const report = (error: unknown, waitMs: number): void => {
      onWatchFailure?.(plural)
      log.warn({ err: error, resource: plural, waitMs }, "a watch broke and is started again")
    }
    const reflector = new Reflector<KubeObject>({
      ...tuning,
      transport,
      kind,
      ...(namespace !== undefined && { namespace }),
      ...(watched?.onlyOurs && { labelSelector: `${INSTANCE_LABEL}=${instance}` }),
      ...(watched?.keep && { trim: watched.keep }),
      onFailure: report,
      onChange: (change) => {
        this.#remember(kind, change)
        onEvent(eventOf(plural, kind, change)).catch((error: unknown) => report(error, 0))
      },
    })
    this.#reflectors.set(plural, reflector)
    this.#running.push(reflector.run(this.#stopping.signal))
  }

  /** Rejects when it couldn't be written, also because the object has changed: a stale list could drop another's finalizer. */
  protected override async setResourceFinalizers(meta: ResourceMeta, finalizers: string[]): Promise<void> {
    const { name, namespace, resourceVersion } = meta
    try {
      const patch = { metadata: { finalizers } }
      await this.#options.client.mergePatch(kindOf(meta), name, namespace, patch, { resourceVersion })
    } catch (error) {
      const isGone = error instanceof KubeError && error.status === 404
      if (!isGone) throw error
    }
  }

  /** Server-side apply; rejects when it couldn't be written. */
  protected override async setResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta> {
    const { name, namespace } = meta
    const applied = await this.#options.client.applyStatus(kindOf(meta), { metadata: { name, namespace }, status })
    return ResourceMetaImpl.createWithId(meta.id, applied as never)
  }

  /** JSON merge patch of the status; rejects when it couldn't be written. */
  protected override async patchResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta> {
    const { name, namespace, resourceVersion } = meta
    const options = { resourceVersion, subresource: "status" } as const
    const patched = await this.#options.client.mergePatch(kindOf(meta), name, namespace, { status }, options)
    return ResourceMetaImpl.createWithId(meta.id, patched as never)
  }

  /** The chart installs the definitions, with rights the operator doesn't have. */
  protected override registerCustomResourceDefinition(): never {
    throw new Error("the chart installs the custom resource definitions")
  }

  async #work(key: string): Promise<{ requeueAfterMs?: number } | void> {
    const copy = readCopyKey(key)
    if (copy) return this.#reconciler?.copy(copy)
    const { uid, ...session } = readKey(key)
    if (uid !== undefined) return this.#reconciler?.collect({ ...session, uid })
    const { orphans = [], ...result } = (await this.#reconciler?.reconcile(session)) ?? {}
    for (const orphan of orphans) this.#queue.add(orphanKey(orphan))
    return result
  }

  /** Which session has which UID, for events of its children. */
  #remember(kind: KindRef, change: Change<KubeObject>): void {
    const { type, object } = change
    const uid = object.metadata?.uid
    if (kind.plural !== sessionsPlural || uid === undefined) return
    this.#options.onSession?.(change as Change<SessionObject>)
    if (type === "delete") this.#sessionKeys.delete(uid)
    else this.#sessionKeys.set(uid, keyOf(object))
  }

  #index(): SessionIndex {
    return { byUid: (uid) => this.#sessionKeys.get(uid), store: this.sessions, copies: this.copies }
  }

  #store<T extends KubeObject>(plural: string): Store<T> {
    const reflector = this.#reflectors.get(plural)
    if (reflector === undefined) throw new Error(`${plural} are not watched: start the operator first`)
    return reflector.store as Store<T>
  }
}

const sessionsPlural = kinds.FileRecoverySession.plural

const eventTypes = {
  add: ResourceEventType.Added,
  update: ResourceEventType.Modified,
  delete: ResourceEventType.Deleted,
} as const

function eventOf(plural: string, kind: KindRef, { type, object }: Change<KubeObject>): ResourceEvent {
  const whole = { ...object, apiVersion: kind.apiVersion, kind: kind.kind } as ResourceEvent["object"]
  return { meta: ResourceMetaImpl.createWithPlural(plural, whole), object: whole, type: eventTypes[type] }
}

function kindOf({ id, apiVersion, kind, namespace }: ResourceMeta): KindRef {
  return { apiVersion, kind, plural: id.split(".")[0] ?? "", namespaced: namespace !== undefined }
}
