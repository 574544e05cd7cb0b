import type { AccessClient } from "../api/clients.ts"
import type { Blueprint } from "./blueprint.ts"
import type { Manifest } from "./manifest.ts"
import { metadata, podSelector } from "./metadata.ts"
import { namesOf } from "./names.ts"
import { peersOf } from "./peers.ts"
import { CONTROL_PORT, HTTPS_PORT, ISCSI_PORT, SFTP_PORT } from "./ports.ts"

/**
 * Who may talk to whom: the target only answers its restore pod and the operator, and calls nobody; the restore pod only
 * answers the operator, on its file ports whom the session names, and calls nobody but the target. Port-forward enters at the
 * pod's loopback and isn't bound by them.
 */
export function networkPolicyManifests(blueprint: Blueprint): Manifest[] {
  const fromOperator = { from: [operator(blueprint)], ports: tcp(CONTROL_PORT) }
  const fromRestore = {
    from: [{ podSelector: { matchLabels: podSelector(blueprint, "restore") } }],
    ports: tcp(ISCSI_PORT),
  }
  const toTarget = { to: [{ podSelector: { matchLabels: podSelector(blueprint, "target") } }], ports: tcp(ISCSI_PORT) }
  return [
    policy(blueprint, "target", { ingress: [fromRestore, fromOperator], egress: null }),
    policy(blueprint, "restore", { ingress: [fromOperator, ...clientRules(blueprint.clients)], egress: [toTarget] }),
  ]
}

/** What lets the clients of a session in to its file ports. No rule where there are none: one without peers lets everybody in. */
export function clientRules(clients?: readonly AccessClient[]): object[] {
  const from = peersOf(clients)
  return from.length === 0 ? [] : [{ from, ports: tcp(HTTPS_PORT, SFTP_PORT) }]
}

function tcp(...ports: number[]): object[] {
  return ports.map((port) => ({ protocol: "TCP", port }))
}

function operator({ installation }: Blueprint): object {
  return {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": installation.operatorNamespace } },
    podSelector: { matchLabels: installation.operatorLabels },
  }
}

/**
 * Without egress none is allowed. Null says so when it is applied, also over what somebody else has put there; an empty
 * list would too, but isn't kept, so that every time it is applied counts as a change.
 */
function policy(
  blueprint: Blueprint,
  role: "target" | "restore",
  rules: { ingress: object[]; egress: object[] | null },
): Manifest {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadata(blueprint, namesOf(blueprint.session).policy(role), role),
    spec: { podSelector: { matchLabels: podSelector(blueprint, role) }, policyTypes: ["Ingress", "Egress"], ...rules },
  }
}
