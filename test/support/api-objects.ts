import { randomUUID } from "node:crypto"

export interface StoredObject {
  apiVersion?: string
  kind?: string
  metadata: {
    name: string
    namespace?: string
    uid: string
    resourceVersion: string
    labels?: Record<string, string>
    finalizers?: string[]
    deletionTimestamp?: string
  }
  [field: string]: unknown
}

type NewObject = { metadata: { name: string } & Partial<StoredObject["metadata"]> }

export interface LoggedChange {
  version: number
  /** Path of the collection, with the namespace. */
  collection: string
  type: "ADDED" | "MODIFIED" | "DELETED"
  object: StoredObject
}

/** A failure as the API server words it. */
export class ApiFailure extends Error {
  readonly code: number
  readonly reason: string

  constructor(code: number, reason: string, message: string) {
    super(message)
    this.code = code
    this.reason = reason
  }
}

/** Objects by path, with versions, UIDs, finalizers and a history: as much of etcd as clients can see. */
export class ApiObjects {
  readonly history: LoggedChange[] = []
  readonly #objects = new Map<string, StoredObject>()
  readonly #listeners = new Set<(change: LoggedChange) => void>()
  #version = 100

  get version(): number {
    return this.#version
  }

  get(path: string): StoredObject {
    const object = this.#objects.get(path)
    if (object === undefined) throw new ApiFailure(404, "NotFound", `"${path}" not found`)
    return object
  }

  /** All objects below a collection's path; also those of all namespaces, when it names none. */
  list(collection: string, selects: (object: StoredObject) => boolean): StoredObject[] {
    return [...this.#objects]
      .filter(([path, object]) => within(collection, parentOf(path)) && selects(object))
      .map(([, object]) => object)
  }

  create(collection: string, body: NewObject): StoredObject {
    return this.#put(`${collection}/${body.metadata.name}`, this.tryCreate(collection, body), "ADDED")
  }

  /** The object as it would be. */
  tryCreate(collection: string, body: NewObject): StoredObject {
    const { name } = body.metadata
    if (this.#objects.has(`${collection}/${name}`))
      throw new ApiFailure(409, "AlreadyExists", `"${name}" already exists`)
    return { ...body, metadata: { ...body.metadata, uid: randomUUID(), resourceVersion: "" } }
  }

  patch(path: string, patch: object, resourceVersion?: string): StoredObject {
    const known = this.get(path)
    if (resourceVersion !== undefined && resourceVersion !== known.metadata.resourceVersion)
      throw new ApiFailure(
        409,
        "Conflict",
        "the object has been modified; please apply your changes to the latest version",
      )
    const next = merge(known, patch) as StoredObject
    if (next.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0)
      return this.#drop(path, next)
    return this.#put(path, next, "MODIFIED")
  }

  remove(path: string, uid?: string, resourceVersion?: string): StoredObject {
    const known = this.get(path)
    if (resourceVersion !== undefined && resourceVersion !== known.metadata.resourceVersion)
      throw new ApiFailure(
        409,
        "Conflict",
        `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${known.metadata.resourceVersion}`,
      )
    if (uid !== undefined && uid !== known.metadata.uid)
      throw new ApiFailure(
        409,
        "Conflict",
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${known.metadata.uid}`,
      )
    if ((known.metadata.finalizers ?? []).length === 0) return this.#drop(path, known)
    return this.patch(path, { metadata: { deletionTimestamp: new Date().toISOString() } })
  }

  onChange(listener: (change: LoggedChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #put(path: string, object: StoredObject, type: LoggedChange["type"]): StoredObject {
    const stored = this.#stamp(object)
    this.#objects.set(path, stored)
    this.#log({ version: this.#version, collection: parentOf(path), type, object: stored })
    return stored
  }

  #drop(path: string, object: StoredObject): StoredObject {
    this.#objects.delete(path)
    const last = this.#stamp(object)
    this.#log({ version: this.#version, collection: parentOf(path), type: "DELETED", object: last })
    return last
  }

  #stamp(object: StoredObject): StoredObject {
    this.#version += 1
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } }
  }

  #log(change: LoggedChange): void {
    this.history.push(change)
    for (const listener of this.#listeners) listener(change)
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"))
}

/** Whether the collection of an object belongs to the collection asked for: the same, or one namespace of it. */
export function within(asked: string, collection: string): boolean {
  return asked === collection || collection.replace(/\/namespaces\/[^/]+/, "") === asked
}

/** RFC 7386. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch
  const merged: Record<string, unknown> = typeof target === "object" && target !== null ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name]
    else merged[name] = merge(merged[name], value)
  }
  return merged
}
