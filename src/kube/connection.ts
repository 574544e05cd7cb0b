import { Agent, type RequestOptions } from "node:https"
import { KubeConfig } from "@kubernetes/client-node"

type Credentials = Pick<RequestOptions, "ca" | "cert" | "key" | "rejectUnauthorized" | "agent" | "auth" | "headers"> & {
  servername?: string
}

/** What a request needs besides its path. */
export interface Connection {
  /** Base of all URLs, without a slash at its end. */
  readonly server: string
  /** Agent and headers for one request; read anew now and then, because tokens and certificates rotate. */
  options(): Promise<RequestOptions>
  /** Closes idle connections and those of requests under way. */
  close(): void
}

const rereadMs = 30_000

/**
 * One pool of kept-alive connections to the cluster of a KubeConfig. All requests of the process share it: a request
 * costs no handshake, and each watch holds one connection. A new certificate or CA gets a new pool; a new token doesn't.
 */
export function connect(config: KubeConfig): Connection {
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw new Error("the kubeconfig names no cluster: set current-context")
  const base = new URL(cluster.server)
  if (base.protocol !== "https:") throw new Error(`the cluster's address is not https: ${base.origin}`)
  let pool: { readonly identity: string; readonly agent: Agent } | undefined
  let known: { readonly until: number; readonly options: Promise<RequestOptions> } | undefined

  async function read(): Promise<RequestOptions> {
    const credentials: Credentials = {}
    await config.applyToHTTPSOptions(credentials)
    const { ca, cert, key, rejectUnauthorized, servername, headers, auth } = credentials
    const shared = { ...(headers && { headers }), ...(auth !== undefined && { auth }) }
    // through a proxy, the library's own agent does the tunnelling
    if (cluster?.proxyUrl !== undefined && credentials.agent) return { ...shared, agent: credentials.agent }
    const tls = { ca, cert, key, rejectUnauthorized, servername }
    const present = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined))
    const identity = [ca, cert, key].map(String).join("\n")
    if (pool?.identity !== identity) {
      // the old pool's requests under way end by themselves, its idle connections by their time-out
      pool = { identity, agent: new Agent({ ...present, keepAlive: true, keepAliveMsecs: 30_000, timeout: 60_000 }) }
    }
    return { ...shared, agent: pool.agent }
  }

  return {
    server: base.href.replace(/\/$/, ""),
    options() {
      if (known === undefined || known.until < Date.now()) {
        const options = read()
        known = { until: Date.now() + rereadMs, options }
        // a failure isn't kept: the next request tries again
        options.catch(() => (known = undefined))
      }
      return known.options
    },
    close: () => pool?.agent.destroy(),
  }
}

/** The kubeconfig this process was given: $KUBECONFIG, ~/.kube/config, or the pod's service account, in this order. */
export function loadKubeConfig(): KubeConfig {
  const config = new KubeConfig()
  config.loadFromDefault()
  return config
}
