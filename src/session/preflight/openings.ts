import { selects } from "../label-selector.ts"
import type { ObservedNetworkPolicy, OpenPort, PlannedPod } from "./observed.ts"

/**
 * Whether a NetworkPolicy of somebody else lets anybody reach a port of the pod. Policies add up: what one of them allows
 * no other takes back, so the session's own can't close it again.
 */
export function opens({ podSelector, ingress }: ObservedNetworkPolicy, { labels, containers }: PlannedPod): boolean {
  if (!selects(podSelector, labels)) return false
  const ours = containers.flatMap(({ ports }) => ports)
  return ingress.some(({ ports }) => ports.length === 0 || ours.some((our) => ports.some((port) => covers(port, our))))
}

/** All our ports are TCP. */
function covers({ protocol, port, endPort }: OpenPort, our: { name: string; port: number }): boolean {
  if (protocol !== "TCP") return false
  if (port === undefined) return true
  return typeof port === "string" ? port === our.name : our.port >= port && our.port <= (endPort ?? port)
}
