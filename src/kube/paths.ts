import type { KindRef } from "./kinds.ts"

/** The path of a collection, in one namespace or (without one) in all. */
export function collectionPath(kind: KindRef, namespace?: string): string {
  const root = kind.apiVersion.includes("/") ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`
  const scope = kind.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ""
  return `${root}${scope}/${kind.plural}`
}

/** The path of one object. Throws where a name is missing: the path would mean the whole collection. */
export function objectPath(kind: KindRef, name: string, namespace: string | undefined, subresource?: string): string {
  if (name === "") throw new TypeError(`a ${kind.kind} without a name`)
  if (kind.namespaced && !namespace) throw new TypeError(`${kind.kind} ${name} without a namespace`)
  const path = `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`
  return subresource === undefined ? path : `${path}/${subresource}`
}

/** "Pod shop/web", for messages. */
export function titleOf(kind: KindRef, name: string, namespace?: string): string {
  return `${kind.kind} ${kind.namespaced && namespace ? `${namespace}/` : ""}${name}`
}
