import { SESSION_UID_LABEL } from "../api/labels.ts"
import type { KubeObject } from "./objects.ts"

/** What the controller may ask of a reflected kind. Objects are shared: read them, never change them. */
export interface Store<T extends KubeObject> {
  /** `namespace` is "" for cluster-scoped kinds. */
  get(namespace: string, name: string): T | undefined
  list(): T[]
  inNamespace(namespace: string): T[]
  /** All objects with the label `filerecovery.dev/session-uid` of this value. */
  bySession(uid: string): T[]
  readonly size: number
}

/** A Store that can be written to: by its reflector only. Indexed by namespace, name and session. */
export class ObjectStore<T extends KubeObject> implements Store<T> {
  readonly #objects = new Map<string, T>()
  readonly #namespaces = new Map<string, Set<string>>()
  readonly #sessions = new Map<string, Set<string>>()

  get size(): number {
    return this.#objects.size
  }

  get(namespace: string, name: string): T | undefined {
    return this.#objects.get(`${namespace}/${name}`)
  }

  list(): T[] {
    return [...this.#objects.values()]
  }

  inNamespace(namespace: string): T[] {
    return this.#all(this.#namespaces.get(namespace))
  }

  bySession(uid: string): T[] {
    return this.#all(this.#sessions.get(uid))
  }

  keys(): string[] {
    return [...this.#objects.keys()]
  }

  byKey(key: string): T | undefined {
    return this.#objects.get(key)
  }

  set(object: T): void {
    const key = keyOf(object)
    this.delete(key)
    this.#objects.set(key, object)
    addTo(this.#namespaces, object.metadata?.namespace ?? "", key)
    const session = object.metadata?.labels?.[SESSION_UID_LABEL]
    if (session !== undefined) addTo(this.#sessions, session, key)
  }

  delete(key: string): void {
    const object = this.#objects.get(key)
    if (object === undefined) return
    this.#objects.delete(key)
    removeFrom(this.#namespaces, object.metadata?.namespace ?? "", key)
    const session = object.metadata?.labels?.[SESSION_UID_LABEL]
    if (session !== undefined) removeFrom(this.#sessions, session, key)
  }

  #all(keys: ReadonlySet<string> | undefined): T[] {
    return [...(keys ?? [])].flatMap((key) => this.#objects.get(key) ?? [])
  }
}

/** `namespace/name`; `/name` for cluster-scoped objects. */
export function keyOf(object: KubeObject): string {
  return `${object.metadata?.namespace ?? ""}/${object.metadata?.name ?? ""}`
}

function addTo(index: Map<string, Set<string>>, value: string, key: string): void {
  const keys = index.get(value)
  if (keys === undefined) index.set(value, new Set([key]))
  else keys.add(key)
}

function removeFrom(index: Map<string, Set<string>>, value: string, key: string): void {
  const keys = index.get(value)
  keys?.delete(key)
  if (keys?.size === 0) index.delete(value)
}
