import type { FileRecoveryCopy } from "../../api/copy.ts"
import { COPY_LABEL, COPY_UID_LABEL } from "../../api/labels.ts"
import { ownSessionName } from "../../children/copy.ts"
import type { KubeObject } from "../../kube/objects.ts"
import type { Store } from "../../kube/store.ts"
import { isOver } from "../../session/copy/status.ts"

type Copies = Store<FileRecoveryCopy & KubeObject>
const PREFIX = "copy:"

/** The key of a copy in the queue: no namespace has a colon, so it is no session's. */
export const copyKey = ({ namespace = "", name = "" }: { namespace?: string | undefined; name?: string | undefined }) =>
  `${PREFIX}${namespace}/${name}`

/** Undefined for the key of anything else. */
export function readCopyKey(key: string): { namespace: string; name: string } | undefined {
  if (!key.startsWith(PREFIX)) return undefined
  const [namespace = "", name = ""] = key.slice(PREFIX.length).split("/")
  return { namespace, name }
}

/** Keys of the copies that read from a session, or wait for it. */
export function copiesOf({ metadata: session }: KubeObject, copies: Copies): string[] {
  return copies
    .inNamespace(session?.namespace ?? "")
    .filter(({ status = {} }) => !isOver(status))
    .filter(({ spec, metadata: { namespace = "", name, uid = "" } }) => {
      return (spec.session?.name ?? ownSessionName({ namespace, name, uid })) === session?.name
    })
    .map(({ metadata }) => copyKey(metadata))
}

/** The key of the copy that something was made for, by its UID, because the label with its name may be cut. */
export function copyOf({ metadata }: KubeObject, copies: Copies): string[] {
  const { [COPY_LABEL]: label, [COPY_UID_LABEL]: uid } = metadata?.labels ?? {}
  if (label === undefined || uid === undefined) return []
  const { namespace = "" } = metadata ?? {}
  const copy = copies.inNamespace(namespace).find((one) => one.metadata.uid === uid)
  return [copyKey({ namespace, name: copy?.metadata.name ?? label })]
}
