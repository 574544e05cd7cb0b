import type { Blueprint } from "./blueprint.ts"
import type { Manifest } from "./manifest.ts"
import { metadata, podSelector } from "./metadata.ts"
import { namesOf } from "./names.ts"
import { CONTROL_PORT, ISCSI_PORT } from "./ports.ts"

/**
 * Who may talk to whom: the target only answers its restore pod and the operator, and calls nobody; the restore pod only
 * answers the operator and calls nobody but the target. Port-forward enters at the pod's loopback and isn't bound by them.
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
    policy(blueprint, "restore", { ingress: [fromOperator], egress: [toTarget] }),
  ]
}

function tcp(port: number): object[] {
  return [{ protocol: "TCP", port }]
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
