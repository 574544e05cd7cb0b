import { KubeConfig } from "@kubernetes/client-node"
import { RecoveryError } from "../../api/reasons.ts"
import type { FileRecoverySession } from "../../api/session.ts"
import type { KubeClient } from "../../kube/client.ts"
import { connect } from "../../kube/connection.ts"
import { kinds } from "../../kube/kinds.ts"
import { RateLimit } from "../../kube/rate-limit.ts"
import { RestClient } from "../../kube/rest-client.ts"
import { Transport } from "../../kube/transport.ts"
import { durationOf } from "../waiting.ts"

/** The flags kubectl has for choosing a cluster. */
export interface ClusterFlags {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
  readonly requestTimeout?: string
}

/** The cluster the user works with, with the user's own rights. */
export interface Cluster {
  readonly config: KubeConfig
  readonly kube: KubeClient
  /** For watches. */
  readonly transport: Transport
  /** Of the flags, else of the kubeconfig's context, else "default". */
  readonly namespace: string
}

/**
 * Opens what the flags or the kubeconfig choose. Throws UsageError when there is no such cluster; asks nobody yet. With a
 * signal, Ctrl-C ends what is being asked: for verbs that have nothing to clean up.
 */
export function openCluster(flags: ClusterFlags, signal?: AbortSignal): Cluster {
  const config = readConfig(flags)
  const timeoutMs = durationOf("--request-timeout", flags.requestTimeout ?? "30s")
  const transport = new Transport({
    connection: reach(config),
    limit: new RateLimit({ qps: 20, burst: 40 }),
    timeoutMs,
    ...(signal && { signal }),
  })
  return { config, kube: new RestClient(transport), transport, namespace: namespaceIn(config, flags) ?? "default" }
}

/** The namespace that the flags or the kubeconfig's context name, if they do. There needn't be a cluster. */
export function chosenNamespace(flags: ClusterFlags): string | undefined {
  return namespaceIn(readConfig(flags), flags)
}

function namespaceIn(config: KubeConfig, flags: ClusterFlags): string | undefined {
  return flags.namespace ?? config.getContextObject(config.getCurrentContext())?.namespace
}

function readConfig(flags: ClusterFlags): KubeConfig {
  const config = new KubeConfig()
  try {
    if (flags.kubeconfig === undefined) config.loadFromDefault()
    else config.loadFromFile(flags.kubeconfig)
  } catch (cause) {
    throw new RecoveryError("UsageError", `The kubeconfig can't be read: ${(cause as Error).message}`, { cause })
  }
  if (flags.context !== undefined) {
    if (!config.getContextObject(flags.context))
      throw new RecoveryError("UsageError", `The kubeconfig has no context "${flags.context}".`)
    config.setCurrentContext(flags.context)
  }
  return config
}

function reach(config: KubeConfig) {
  try {
    return connect(config)
  } catch (cause) {
    const words = (cause as Error).message
    throw new RecoveryError("UsageError", `No cluster is chosen (${words}); use --kubeconfig or --context.`, { cause })
  }
}

/** Rejects with SessionNotFound when there is none. */
export async function getSession(cluster: Cluster, name: string, namespace: string): Promise<FileRecoverySession> {
  const session = await cluster.kube.get<FileRecoverySession>(kinds.FileRecoverySession, name, namespace)
  if (session) return session
  throw new RecoveryError("SessionNotFound", `There is no FileRecoverySession ${namespace}/${name}.`)
}
