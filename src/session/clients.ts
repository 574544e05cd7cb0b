import { isDeepStrictEqual } from "node:util"
import { namesOf } from "../children/names.ts"
import { clientRules } from "../children/network-policies.ts"
import { peerOf } from "../children/peers.ts"
import type { Observed } from "./observed.ts"

/**
 * Whether the restore pod's NetworkPolicy lets in whom `spec.access.clients` names now, and nobody else. It may change while
 * the session runs: then the policy is applied again. One that isn't there is made in any case.
 */
export function letsClientsIn({ spec, session, network }: Observed): boolean {
  const name = namesOf(session).policy("restore")
  const policy = network.find((one) => one.kind === "NetworkPolicy" && one.name === name)
  return !spec || !policy || isDeepStrictEqual(policy.rules ?? [], clientRules(spec.access?.clients))
}

/** Words about clients whose blocks of addresses contradict themselves; empty when there are none. */
export function aboutClients({ spec }: Pick<Observed, "spec">): string {
  const clients = spec?.access?.clients ?? []
  const refused = clients.flatMap((client, index) => (peerOf(client) ? [] : [`spec.access.clients[${index}]`]))
  if (refused.length === 0) return ""
  return ` (${refused.join(", ")}: nobody is let in; each block of except must be within cidr, and IPv4 written as IPv4)`
}
