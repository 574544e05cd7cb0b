import type { SessionSpec } from "../api/spec.ts"
import type { Installation } from "../children/blueprint.ts"
import type { SessionRef } from "../children/names.ts"
import type { KubeClient } from "../kube/client.ts"
import { kinds } from "../kube/kinds.ts"
import type { NetworkPolicy, ResourceQuota } from "../kube/objects.ts"
import type {
  ObservedKvm,
  ObservedNetworkPolicy,
  ObservedPreflight,
  ObservedQuota,
  PlannedClone,
  Unread,
} from "../session/preflight/observed.ts"
import type { ClusterFacts } from "./cluster-facts.ts"
import { dryRun } from "./dry-runs.ts"
import { ifAllowed } from "./unread.ts"

export interface PreflightOptions {
  readonly kube: KubeClient
  readonly facts: ClusterFacts
  readonly session: SessionRef
  readonly spec: SessionSpec
  /** Absent: not known, so no pod and no claim is tried. */
  readonly installation: Installation | undefined
  readonly clones: PlannedClone[]
  /** Milliseconds since 1970. */
  readonly now: number
  readonly isOperator: boolean
}

/**
 * Looks at everything a session would meet, and makes nothing: two lists of its namespace, two pods and a claim that are
 * only tried, and what is known of the cluster already. Rejects when the API server fails, not when rights are missing.
 */
export async function gatherPreflight(options: PreflightOptions): Promise<ObservedPreflight> {
  const { kube, session, installation, clones } = options
  const { namespace } = session
  const unread: Unread[] = []
  const [tried, quotas, networkPolicies, missingDrivers, kvm] = await Promise.all([
    installation && dryRun({ ...options, installation }),
    ifAllowed(unread, "ResourceQuota", () => kube.list<ResourceQuota>(kinds.ResourceQuota, { namespace })),
    ifAllowed(unread, "NetworkPolicy", () => kube.list<NetworkPolicy>(kinds.NetworkPolicy, { namespace })),
    driversMissing(options, unread),
    installation && kvmOf(options.facts, installation, unread),
  ])
  return {
    clones,
    pods: tried?.pods ?? [],
    refusals: tried?.refusals ?? [],
    quotas: (quotas ?? []).map((quota) => observedQuota(quota)),
    networkPolicies: (networkPolicies ?? []).map((policy) => observedPolicy(policy)),
    missingDrivers,
    ...(kvm && { kvm }),
    unread: [...unread, ...(tried?.unread ?? [])],
  }
}

async function driversMissing({ facts, clones }: PreflightOptions, unread: Unread[]): Promise<string[]> {
  const drivers = [...new Set(clones.flatMap(({ driver }) => driver ?? []))]
  const found = await Promise.all(
    drivers.map((driver) => ifAllowed(unread, "CSIDriver", () => facts.hasDriver(driver))),
  )
  return drivers.filter((_, index) => found[index] === false)
}

async function kvmOf(
  facts: ClusterFacts,
  { kvmResource, nodeSelector }: Installation,
  unread: Unread[],
): Promise<ObservedKvm> {
  if (kvmResource === undefined) return {}
  const isOffered = await ifAllowed(unread, "Node", () => facts.offers(kvmResource, nodeSelector))
  return { resource: kvmResource, ...(isOffered !== undefined && { isOffered }) }
}

function observedQuota({ metadata, spec, status }: ResourceQuota): ObservedQuota {
  const named = (spec?.scopes ?? []).map((name) => ({ name, operator: "Exists", values: [] }))
  const selected = (spec?.scopeSelector?.matchExpressions ?? []).map(({ scopeName, operator, values }) => ({
    name: scopeName,
    operator,
    values: values ?? [],
  }))
  return {
    name: metadata?.name ?? "",
    hard: status?.hard ?? spec?.hard ?? {},
    used: status?.used ?? {},
    scopes: [...named, ...selected],
  }
}

/** One that says nothing of its types is about what comes in. */
function observedPolicy({ metadata, spec }: NetworkPolicy): ObservedNetworkPolicy {
  const isIngress = spec?.policyTypes?.includes("Ingress") ?? true
  return {
    name: metadata?.name ?? "",
    podSelector: spec?.podSelector ?? {},
    ingress: (isIngress ? (spec?.ingress ?? []) : []).map(({ ports }) => ({
      ports: (ports ?? []).map(({ protocol, port, endPort }) => ({
        protocol: protocol ?? "TCP",
        ...(port !== undefined && { port }),
        ...(endPort !== undefined && { endPort }),
      })),
    })),
  }
}
