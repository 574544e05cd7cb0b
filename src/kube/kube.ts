import type { KubeConfig } from "@kubernetes/client-node"
import type { KubeClient } from "./client.ts"
import { type Connection, connect } from "./connection.ts"
import { type Rate, RateLimit } from "./rate-limit.ts"
import { RestClient } from "./rest-client.ts"
import { type RequestObserver, Transport } from "./transport.ts"

export interface KubeOptions {
  readonly rate?: Rate
  readonly observe?: RequestObserver
}

/** Access to one cluster: one pool of connections, seen through clients for different needs. */
export interface Kube {
  readonly transport: Transport
  readonly client: KubeClient
  /** For the leader's lease: gives up soon, and never waits behind other requests. */
  readonly leaseClient: KubeClient
  readonly connection: Connection
}

/** What a client may ask of the API server unless it is told otherwise. */
export const defaultRate: Rate = { qps: 50, burst: 100 }

/** Opens the pool for the cluster of a kubeconfig. No request is made before somebody asks; close `connection` at the end. */
export function openKube(config: KubeConfig, { rate = defaultRate, observe }: KubeOptions = {}): Kube {
  const connection = connect(config)
  const observed = observe && { observe }
  const transport = new Transport({ connection, limit: new RateLimit(rate), ...observed })
  const ownLimit = new RateLimit({ qps: 5, burst: 10 })
  const hasty = new Transport({ connection, limit: ownLimit, timeoutMs: 5000, ...observed })
  return { transport, client: new RestClient(transport), leaseClient: new RestClient(hasty), connection }
}
