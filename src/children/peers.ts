import type { AccessClient } from "../api/clients.ts"
import { type IpBlock, ipBlockOf } from "./ip-block.ts"

type Selector = NonNullable<AccessClient["podSelector"]>

/** A peer of a NetworkPolicy (networking.k8s.io/v1). */
export interface Peer {
  podSelector?: Selector
  namespaceSelector?: Selector
  ipBlock?: IpBlock
}

/**
 * Peers of a NetworkPolicy for the clients of a session, word for word as the API server keeps them, so that what is asked
 * for and what is there can be compared. Whoever calls must not make a rule of none: a rule without peers lets everybody in.
 */
export function peersOf(clients: readonly AccessClient[] = []): Peer[] {
  return clients.flatMap((client) => peerOf(client) ?? [])
}

/** Undefined for a client that no NetworkPolicy takes as its peer: it lets nobody in. */
export function peerOf({ podSelector, namespaceSelector, ipBlock }: AccessClient): Peer | undefined {
  const isSelector = podSelector !== undefined || namespaceSelector !== undefined
  if (isSelector === (ipBlock !== undefined)) return undefined
  const block = ipBlock && ipBlockOf(ipBlock)
  if (ipBlock) return block && { ipBlock: block }
  return {
    ...(podSelector && { podSelector: kept(podSelector) }),
    ...(namespaceSelector && { namespaceSelector: kept(namespaceSelector) }),
  }
}

/** Empty lists and maps of a selector are not kept; an empty selector is, and selects everything. */
function kept({ matchLabels = {}, matchExpressions = [] }: Selector): Selector {
  return {
    ...(Object.keys(matchLabels).length > 0 && { matchLabels }),
    ...(matchExpressions.length > 0 && {
      matchExpressions: matchExpressions.map(({ key, operator, values = [] }) => ({
        key,
        operator,
        ...(values.length > 0 && { values }),
      })),
    }),
  }
}
