import { FIELD_MANAGER } from "../api/group.ts"
import type { KubeClient, ListOptions, RemoveOptions } from "./client.ts"
import { errorOfSilence, KubeError } from "./errors.ts"
import type { KindRef } from "./kinds.ts"
import type { KubeObject } from "./objects.ts"
import { collectionPath, objectPath, titleOf } from "./paths.ts"
import type { Call, Transport } from "./transport.ts"

const fieldManager = FIELD_MANAGER
const pageSize = "500"

interface ListPage {
  readonly metadata?: { readonly continue?: string; readonly resourceVersion?: string }
  readonly items?: readonly KubeObject[] | null
}

/** The KubeClient that talks to a real API server. */
export class RestClient implements KubeClient {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  async get<T extends KubeObject>(kind: KindRef, name: string, namespace?: string): Promise<T | undefined> {
    const what = `get ${titleOf(kind, name, namespace)}`
    try {
      return await this.#transport.json<T>({
        method: "GET",
        path: objectPath(kind, name, namespace),
        resource: kind.plural,
        what,
      })
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  async list<T extends KubeObject>(kind: KindRef, options: ListOptions = {}): Promise<T[]> {
    return (await listAll(this.#transport, kind, options)).items as T[]
  }

  async create<T extends KubeObject>(
    kind: KindRef,
    object: T,
    { dryRun = false }: { readonly dryRun?: boolean } = {},
  ): Promise<{ created: true; object: T } | { created: false }> {
    const { name, namespace } = nameOf(kind, object)
    const call: Call = {
      method: "POST",
      path: collectionPath(kind, namespace),
      query: { fieldManager, dryRun: dryRun ? "All" : undefined },
      body: { ...object, apiVersion: kind.apiVersion, kind: kind.kind },
      resource: kind.plural,
      what: `${dryRun ? "dry-run" : "create"} ${titleOf(kind, name, namespace)}`,
    }
    try {
      return { created: true, object: await this.#transport.json<T>(call) }
    } catch (error) {
      if (error instanceof KubeError && error.status === 409 && error.reason === "AlreadyExists")
        return { created: false }
      throw error
    }
  }

  async apply<T extends KubeObject>(kind: KindRef, object: T): Promise<T> {
    return await this.#apply<T>(kind, object, object)
  }

  async applyStatus<T extends KubeObject>(kind: KindRef, object: T): Promise<T> {
    const { name, namespace } = nameOf(kind, object)
    const status = "status" in object ? object.status : undefined
    // with the version that was read, so that a decision about an older object, or another of the name, isn't written
    const resourceVersion = object.metadata?.resourceVersion
    const metadata = { name, namespace, ...(resourceVersion !== undefined && { resourceVersion }) }
    return await this.#apply<T>(kind, object, { metadata, status }, "status")
  }

  async mergePatch<T extends KubeObject>(
    kind: KindRef,
    name: string,
    namespace: string | undefined,
    patch: object,
    { resourceVersion, subresource }: { readonly resourceVersion?: string; readonly subresource?: "status" } = {},
  ): Promise<T> {
    const metadata = "metadata" in patch && typeof patch.metadata === "object" ? patch.metadata : {}
    return await this.#transport.json<T>({
      method: "PATCH",
      path: objectPath(kind, name, namespace, subresource),
      query: { fieldManager },
      contentType: "application/merge-patch+json",
      body: resourceVersion === undefined ? patch : { ...patch, metadata: { ...metadata, resourceVersion } },
      resource: kind.plural,
      what: `patch ${titleOf(kind, name, namespace)}`,
    })
  }

  async remove(
    kind: KindRef,
    name: string,
    namespace: string | undefined,
    { uid, resourceVersion, propagation, gracePeriodSeconds }: RemoveOptions,
  ): Promise<"gone" | "deleting"> {
    const call: Call = {
      method: "DELETE",
      path: objectPath(kind, name, namespace),
      body: {
        apiVersion: "v1",
        kind: "DeleteOptions",
        preconditions: { uid, resourceVersion },
        propagationPolicy: propagation,
        gracePeriodSeconds,
      },
      resource: kind.plural,
      what: `delete ${titleOf(kind, name, namespace)}`,
    }
    try {
      const answer = await this.#transport.json<KubeObject & { status?: unknown }>(call)
      // the object itself: it is still there; a Status, or an object that will be gone with this answer: look
      if (answer.kind === "Status") return "gone"
    } catch (error) {
      if (isMissing(error)) return "gone"
      if (!(error instanceof KubeError) || error.status !== 409) throw error
      const present = await this.get(kind, name, namespace)
      if (present?.metadata?.uid === uid) throw error
      return "gone"
    }
    const present = await this.get(kind, name, namespace)
    return present?.metadata?.uid === uid ? "deleting" : "gone"
  }

  #apply<T extends KubeObject>(kind: KindRef, object: KubeObject, body: object, subresource?: string): Promise<T> {
    const { name, namespace } = nameOf(kind, object)
    return this.#transport.json<T>({
      method: "PATCH",
      path: objectPath(kind, name, namespace, subresource),
      query: { fieldManager, force: "true" },
      contentType: "application/apply-patch+yaml",
      body: { ...body, apiVersion: kind.apiVersion, kind: kind.kind },
      resource: kind.plural,
      what: `apply ${subresource === undefined ? "" : `the ${subresource} of `}${titleOf(kind, name, namespace)}`,
    })
  }
}

/** Every object of a list, read in pages, and the version a watch can go on from. */
export async function listAll(
  transport: Transport,
  kind: KindRef,
  { namespace, labelSelector, fieldSelector }: ListOptions,
  signal?: AbortSignal,
): Promise<{ items: KubeObject[]; resourceVersion: string }> {
  const items: KubeObject[] = []
  let next: string | undefined
  for (;;) {
    const page: ListPage = await transport.json<ListPage>({
      method: "GET",
      path: collectionPath(kind, namespace),
      query: { limit: pageSize, continue: next, labelSelector, fieldSelector },
      resource: kind.plural,
      what: `list ${kind.plural}`,
      signal,
    })
    // what isn't a list must never pass for an empty one: all that is known would count as deleted
    const version = page?.metadata?.resourceVersion
    if (!version || !(Array.isArray(page.items) || page.items === null))
      throw errorOfSilence(`list ${kind.plural}`, new Error("the answer is not a list"))
    // in lists of built-in kinds the items don't say what they are
    for (const item of page.items ?? []) items.push({ ...item, apiVersion: kind.apiVersion, kind: kind.kind })
    next = page.metadata?.continue || undefined
    if (next === undefined) return { items, resourceVersion: version }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof KubeError && error.status === 404
}

function nameOf(kind: KindRef, object: KubeObject): { name: string; namespace: string | undefined } {
  const { name = "", namespace } = object.metadata ?? {}
  if (kind.namespaced && !namespace) throw new TypeError(`${kind.kind} ${name} without a namespace`)
  return { name, namespace }
}
