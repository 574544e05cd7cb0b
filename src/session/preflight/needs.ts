import { parseQuantity } from "../quantity.ts"
import type { PlannedClone, PlannedPod, Quantities } from "./observed.ts"

/** What a session takes of each resource that ResourceQuotas count, in billionths. */
export type Needs = Map<string, bigint>

const ONE = 10n ** 9n
/** A target and a restore pod with two Services, two NetworkPolicies and three Secrets, and what owns them all. */
const SURROUNDINGS: [string, bigint][] = [
  ["services", 2n],
  ["count/services", 2n],
  ["secrets", 3n],
  ["count/secrets", 3n],
  ["count/networkpolicies.networking.k8s.io", 2n],
  ["count/filerecoveryattachments.filerecovery.dev", 1n],
]

/** What everything of a session takes: its pods, its clones and what is around them. */
export function needsOfSession(clones: readonly PlannedClone[], pods: readonly PlannedPod[]): Needs {
  const needs = needsOfPods(pods)
  for (const [resource, count] of SURROUNDINGS) add(needs, resource, count * ONE)
  for (const { storageClassName, size, isConverted } of clones) {
    const bytes = parseQuantity(size) ?? 0n
    const ofClass = `${storageClassName}.storageclass.storage.k8s.io`
    add(needs, "persistentvolumeclaims", ONE)
    add(needs, "count/persistentvolumeclaims", ONE)
    add(needs, "requests.storage", bytes)
    add(needs, `${ofClass}/persistentvolumeclaims`, ONE)
    add(needs, `${ofClass}/requests.storage`, bytes)
    if (isConverted) add(needs, "count/volumesnapshots.snapshot.storage.k8s.io", ONE)
  }
  return needs
}

/** What pods take, as the quota controller counts: cpu, memory and ephemeral storage by two names, all else as requests. */
export function needsOfPods(pods: readonly PlannedPod[]): Needs {
  const needs: Needs = new Map()
  for (const { containers, overhead } of pods) {
    add(needs, "pods", ONE)
    add(needs, "count/pods", ONE)
    for (const { requests, limits } of containers) {
      // a request that is not made is as large as the limit
      addAll(needs, { ...limits, ...requests }, requested)
      addAll(needs, limits, limited)
    }
    addAll(needs, overhead, requested)
    addAll(needs, overhead, limited)
  }
  return needs
}

const COMPUTE = new Set(["cpu", "memory", "ephemeral-storage"])
const requested = (resource: string) =>
  COMPUTE.has(resource) ? [resource, `requests.${resource}`] : [`requests.${resource}`]
const limited = (resource: string) => (COMPUTE.has(resource) ? [`limits.${resource}`] : [])

function addAll(needs: Needs, quantities: Quantities, namesOf: (resource: string) => string[]): void {
  for (const [resource, quantity] of Object.entries(quantities))
    for (const name of namesOf(resource)) add(needs, name, parseQuantity(quantity) ?? 0n)
}

function add(needs: Needs, resource: string, nanos: bigint): void {
  needs.set(resource, (needs.get(resource) ?? 0n) + nanos)
}
