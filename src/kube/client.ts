import type { KindRef } from "./kinds.ts"
import type { KubeObject } from "./objects.ts"

/** The part of a KubeClient that changes nothing. */
export type KubeReader = Pick<KubeClient, "get" | "list">

/** Which objects a list is about. Without a namespace: all of them. */
export interface ListOptions {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

export interface RemoveOptions {
  /** Only the object with this UID is removed; another one of the same name stays. */
  readonly uid: string
  readonly resourceVersion?: string
  readonly propagation: "Background" | "Foreground" | "Orphan"
  readonly gracePeriodSeconds?: number
}

/**
 * The Kubernetes API as the controller uses it. Every call goes to the API server (nothing comes from a cache), ends
 * within the request time-out, and rejects with a KubeError in the API server's own words.
 */
export interface KubeClient {
  /** The object, or undefined when there is none of that name (404). */
  get<T extends KubeObject>(kind: KindRef, name: string, namespace?: string): Promise<T | undefined>
  /** All objects; read in pages. */
  list<T extends KubeObject>(kind: KindRef, options?: ListOptions): Promise<T[]>
  /**
   * `created: false` when the name is taken (409 AlreadyExists). With `dryRun` the API server does everything but keep the
   * object: schema, defaults, admission, quota; the answer is the object as it would be.
   */
  create<T extends KubeObject>(
    kind: KindRef,
    object: T,
    options?: { readonly dryRun?: boolean },
  ): Promise<{ created: true; object: T } | { created: false }>
  /** Server-side apply, field manager `file-recovery-operator`, with force. */
  apply<T extends KubeObject>(kind: KindRef, object: T): Promise<T>
  /** The same on the status subresource; only name, namespace, UID and status of the object are sent. */
  applyStatus<T extends KubeObject>(kind: KindRef, object: T): Promise<T>
  /** JSON merge patch (RFC 7386) of the object or of its status; with `resourceVersion` it fails with 409 Conflict when the object has changed. */
  mergePatch<T extends KubeObject>(
    kind: KindRef,
    name: string,
    namespace: string | undefined,
    patch: object,
    options?: { readonly resourceVersion?: string; readonly subresource?: "status" },
  ): Promise<T>
  /** `gone`: there is no object with that UID any more. `deleting`: accepted, finalizers or a grace period hold it. */
  remove(
    kind: KindRef,
    name: string,
    namespace: string | undefined,
    options: RemoveOptions,
  ): Promise<"gone" | "deleting">
}
