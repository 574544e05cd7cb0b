import type { Blueprint } from "../../src/children/blueprint.ts"
import { namesOf } from "../../src/children/names.ts"
import { parseSettings, type Settings } from "../../src/api/settings.ts"
import type { Cluster } from "./cluster.ts"
import { operatorNamespace } from "./install.ts"

/** The account the operator runs as. */
export const operatorAccount = `system:serviceaccount:${operatorNamespace}:file-recovery`

/** The settings that the installed chart gives the operator. */
export async function installedSettings(cluster: Cluster): Promise<Settings> {
  const name = "file-recovery-settings"
  const map = await cluster.get<{ data: Record<string, string> }>("configmap", name, operatorNamespace)
  return parseSettings(map?.data["settings.json"] ?? "")
}

/** UID of a session "orders" that waits for a snapshot: while it is there the operator takes nothing of it for an orphan. */
export async function waitingSession(cluster: Cluster, namespace: string): Promise<string> {
  await cluster.apply({
    apiVersion: "filerecovery.dev/v1alpha1",
    kind: "FileRecoverySession",
    metadata: { name: "orders", namespace },
    spec: { source: { volumeSnapshots: [{ name: "not-there" }] } },
  })
  const session = await cluster.get<{ metadata: { uid: string } }>("filerecoverysession", "orders", namespace)
  return session?.metadata.uid ?? ""
}

/** What the operator makes the manifests of a session "orders" with one disk from; without a UID there is no such session. */
export function blueprintOf(
  settings: Settings,
  namespace: string,
  uid = "9d1c7a52-3c35-4a3e-9a9b-0d9f0f2b7c11",
): Blueprint {
  const session = { namespace, name: "orders", uid }
  const names = namesOf(session)
  return {
    session,
    owner: { name: names.base, uid: "5f2b2d0e-8f0c-4b7e-8a55-6d1f3c7e9a02" },
    installation: settings,
    disks: [{ name: "data", claim: names.claim(0), serial: names.serial(0) }],
    deadline: new Date(Date.now() + 3_600_000).toISOString(),
    activeDeadlineSeconds: 3600,
  }
}
