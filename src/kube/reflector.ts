import { type Backoff, backoffMs } from "./backoff.ts"
import { type Clock, sleep, systemClock } from "./clock.ts"
import type { ListOptions } from "./client.ts"
import { KubeError } from "./errors.ts"
import type { KindRef } from "./kinds.ts"
import type { KubeObject } from "./objects.ts"
import { collectionPath } from "./paths.ts"
import { listAll } from "./rest-client.ts"
import { keyOf, ObjectStore, type Store } from "./store.ts"
import type { Transport } from "./transport.ts"
import { type WatchEvent, type WatchLimits, watchEvents } from "./watch.ts"

/** What happened to one object of the mirror. */
export type Change<T> =
  | { readonly type: "add"; readonly object: T }
  | { readonly type: "update"; readonly object: T; readonly previous: T }
  | { readonly type: "delete"; readonly object: T }

export interface ReflectorOptions<T extends KubeObject> extends ListOptions {
  readonly transport: Transport
  readonly kind: KindRef
  /** Called after the store has changed. What it throws is reported and changes nothing. */
  readonly onChange?: (change: Change<T>) => void
  /** Told of every failure and how long the reflector waits before it goes on. */
  readonly onFailure?: (error: unknown, waitMs: number) => void
  /** Cuts an object down to what is needed, before it is kept. */
  readonly trim?: (object: T) => T
  readonly backoff?: Backoff
  readonly watchLimits?: WatchLimits
  /** A watch that lasted this long (milliseconds) was sound: its end counts as the first failure again. */
  readonly soundAfterMs?: number
  readonly clock?: Clock
}

const defaults = {
  backoff: { firstMs: 500, capMs: 30_000 },
  // the API server sends a bookmark about every minute
  watchLimits: { silenceMs: 150_000, maxLineBytes: 8 * 2 ** 20 },
  soundAfterMs: 5000,
}

/** Failures in a row after which the version a watch wants to go on from is given up, and everything listed again. */
const failuresUntilRelist = 3

/**
 * Mirrors one kind of object into a Store: lists, then watches from the list's version, and goes on for ever, whatever
 * the server or the network does, until its signal aborts. What was deleted while no watch was open is found by the
 * next list and handed on as a deletion.
 */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>
  readonly #clock: Clock
  readonly #store = new ObjectStore<T>()
  readonly #synced = Promise.withResolvers<void>()
  #hasSynced = false
  #version: string | undefined
  #failures = 0

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  get store(): Store<T> {
    return this.#store
  }

  /** Resolves when the store has been filled for the first time. */
  get synced(): Promise<void> {
    return this.#synced.promise
  }

  get hasSynced(): boolean {
    return this.#hasSynced
  }

  /** Resolves when the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let opened = Number.POSITIVE_INFINITY
      let failure: unknown
      try {
        if (this.#version === undefined) await this.#list(signal)
        opened = this.#clock.now()
        await this.#watch(signal)
      } catch (error) {
        failure = error
      }
      if (signal.aborted) return
      const sound = this.#clock.now() - opened >= (this.#options.soundAfterMs ?? defaults.soundAfterMs)
      if (sound) this.#failures = 0
      // a server that ends watches in order, as it does every few minutes, isn't failing: unless it does so at once
      if (failure === undefined && sound) continue
      await this.#recover(failure ?? new Error("the server ended the watch at once"), signal)
    }
  }

  async #recover(failure: unknown, signal: AbortSignal): Promise<void> {
    const waitMs = backoffMs(this.#options.backoff ?? defaults.backoff, this.#failures)
    this.#failures += 1
    const expired = failure instanceof KubeError && (failure.status === 410 || failure.reason === "Expired")
    if (expired || this.#failures % failuresUntilRelist === 0) this.#version = undefined
    this.#report(failure, waitMs)
    await sleep(waitMs, signal, this.#clock)
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { transport, kind, trim = dropManagedFields } = this.#options
    const { items, resourceVersion } = await listAll(transport, kind, this.#options, signal)
    const present = new Map(items.map((item) => [keyOf(item), trim(item as T)]))
    for (const key of this.#store.keys()) if (!present.has(key)) this.#remove(key)
    for (const object of present.values()) this.#put(object)
    this.#version = resourceVersion
    this.#hasSynced = true
    this.#synced.resolve()
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { transport, kind, namespace, labelSelector, fieldSelector, watchLimits } = this.#options
    const response = await transport.stream({
      method: "GET",
      path: collectionPath(kind, namespace),
      query: {
        watch: "true",
        allowWatchBookmarks: "true",
        resourceVersion: this.#version,
        // different for each watch, so that not all of them end in the same second
        timeoutSeconds: String(240 + Math.floor(Math.random() * 60)),
        labelSelector,
        fieldSelector,
      },
      resource: kind.plural,
      what: `watch ${kind.plural}`,
      signal,
    })
    for await (const event of watchEvents(response, watchLimits ?? defaults.watchLimits)) {
      this.#handle(event)
      this.#version = event.object.metadata?.resourceVersion
      this.#failures = 0
    }
  }

  #handle({ type, object }: WatchEvent): void {
    if (type === "BOOKMARK") return
    if (type === "DELETED") this.#remove(keyOf(object), object as T)
    else this.#put((this.#options.trim ?? dropManagedFields)(object as T))
  }

  #put(object: T): void {
    const key = keyOf(object)
    const previous = this.#store.byKey(key)
    if (previous?.metadata?.resourceVersion === object.metadata?.resourceVersion && previous) return
    // the same name with another UID is another object: the first one's deletion went by unseen
    if (previous && previous.metadata?.uid !== object.metadata?.uid) this.#remove(key)
    const kept = this.#store.byKey(key)
    this.#store.set(object)
    this.#tell(kept ? { type: "update", object, previous: kept } : { type: "add", object })
  }

  #remove(key: string, lastState?: T): void {
    const known = this.#store.byKey(key)
    if (known === undefined) return
    this.#store.delete(key)
    this.#tell({ type: "delete", object: lastState ?? known })
  }

  #tell(change: Change<T>): void {
    try {
      this.#options.onChange?.(change)
    } catch (error) {
      this.#report(error, 0)
    }
  }

  #report(error: unknown, waitMs: number): void {
    this.#options.onFailure?.(error, waitMs)
  }
}

/** Who last wrote which field is half of every object, and of no interest here. */
function dropManagedFields<T extends KubeObject>(object: T): T {
  const metadata = object.metadata as { managedFields?: unknown } | undefined
  if (metadata) delete metadata.managedFields
  return object
}
