import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Cluster } from "./cluster.ts"
import type { Finished } from "./run.ts"
import { waitFor } from "./wait.ts"

/** Somebody who recovers files in one namespace: the role edit, the right to read snapshots, and no other. */
export interface Restorer {
  /** `kubectl recover`, with their own kubeconfig; every exit code is an answer. */
  recover(...args: string[]): Promise<Finished>
  /** Removes the kubeconfig. */
  forget(): void
}

const RBAC = "rbac.authorization.k8s.io"

/** Makes a service account with those rights and a kubeconfig for it; both roles and account go with the namespace. */
export async function makeRestorer(cluster: Cluster, namespace: string): Promise<Restorer> {
  const name = "restorer"
  const subjects = [{ kind: "ServiceAccount", name, namespace }]
  const bind = (role: { kind: string; name: string }) => ({
    apiVersion: `${RBAC}/v1`,
    kind: "RoleBinding",
    metadata: { name: `${name}-${role.name}`, namespace },
    roleRef: { apiGroup: RBAC, ...role },
    subjects,
  })
  const snapshots = { apiGroups: ["snapshot.storage.k8s.io"], resources: ["volumesnapshots"] }
  await cluster.apply(
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "Role",
      metadata: { name: "snapshot-reader", namespace },
      rules: [{ ...snapshots, verbs: ["get", "list", "watch"] }],
    },
    bind({ kind: "ClusterRole", name: "edit" }),
    bind({ kind: "Role", name: "snapshot-reader" }),
  )
  const directory = mkdtempSync(join(tmpdir(), "restorer-"))
  const KUBECONFIG = join(directory, "kubeconfig")
  writeFileSync(KUBECONFIG, JSON.stringify(await kubeconfig(cluster, namespace, name)), { mode: 0o600 })
  const env = { ...cluster.env, KUBECONFIG }
  const may = async () =>
    (await cluster.kubectl(["auth", "can-i", "create", "filerecoverysessions"], { env, accept: undefined })).code === 0
  await waitFor("the rights to be in force", may, { seconds: 30 })
  return {
    recover: (...args) => cluster.kubectl(["recover", ...args], { env, accept: undefined }),
    forget: () => rmSync(directory, { recursive: true }),
  }
}

/** The administrator's, with another user. */
async function kubeconfig(cluster: Cluster, namespace: string, account: string): Promise<object> {
  const { stdout } = await cluster.kubectl(["config", "view", "--raw", "--minify", "--flatten", "-o", "json"])
  const { clusters } = JSON.parse(stdout) as { clusters: { name: string }[] }
  const token = (await cluster.kubectl(["create", "token", account, "-n", namespace])).stdout.trim()
  const context = { cluster: clusters[0]?.name, user: account, namespace }
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters,
    users: [{ name: account, user: { token } }],
    contexts: [{ name: account, context }],
    "current-context": account,
  }
}
