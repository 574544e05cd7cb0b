import { KubeConfig } from "@kubernetes/client-node"
import { type Kube, type KubeOptions, openKube } from "../../src/kube/kube.ts"
import { type Cluster } from "./cluster.ts"

/** Our own client with the administrator's rights, for what a test has to see as it happens. Close `connection`. */
export function administrator(cluster: Cluster, options: KubeOptions = {}): Kube {
  const config = new KubeConfig()
  config.loadFromFile(cluster.env["KUBECONFIG"] ?? "")
  return openKube(config, options)
}
