import { type Cluster, repository } from "../support/cluster.ts"
import { installChart, uninstallChart } from "../support/install.ts"
import { waitFor } from "../support/wait.ts"
import type { Fault, Group, Undo } from "./fault.ts"
import type { Scene } from "./scene.ts"

/** Has the definitions installed again when the play is over: one that was deleted is gone only when its objects are. */
const reinstall = async ({ cluster }: Scene): Promise<Undo> => {
  const names = ["filerecoverysessions", "filerecoveryattachments"].map((plural) => `${plural}.filerecovery.dev`)
  return async () => {
    for (const name of names) await untilGoneOrSound(cluster, name)
    const crds = `${repository}charts/file-recovery-operator/crds`
    await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "--field-manager=helm", "-f", crds])
    await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=30s", "-f", crds])
    // Established is one thing; for a moment "storage is (re)initializing"
    for (const name of names)
      await waitFor(`${name} to be served`, () => cluster.kubectl(["get", name, "-A"]), { seconds: 30 })
  }
}

async function untilGoneOrSound(cluster: Cluster, name: string): Promise<void> {
  const stays = async () => {
    const crd = await cluster.get<{ metadata: { deletionTimestamp?: string } }>("crd", name)
    return crd?.metadata.deletionTimestamp === undefined
  }
  await waitFor(`the definition ${name} to be gone`, stays, { seconds: 120 })
}

const deleteDefinition = (plural: string) => async (scene: Scene) => {
  await scene.cluster.kubectl(["delete", "crd", `${plural}.filerecovery.dev`, "--wait=false"])
}

/** Helm unmounts all sessions before it removes anything. Afterwards the chart is installed again. */
const uninstalled = (at: "Provisioning" | "Ready" | "download"): Fault => ({
  name: `helm uninstall, ${at === "download" ? "during a download" : `session ${at}`}`,
  prepare:
    async ({ cluster }) =>
    () =>
      installChart(cluster),
  at,
  strike: ({ cluster }) => uninstallChart(cluster),
  outcome: { ends: "Unmounted", reason: "UnmountRequested" },
})

/** What is installed is taken away under living sessions. */
export const installation: Group = {
  name: "installation",
  faults: [
    {
      name: "definition of sessions deleted, session Ready",
      prepare: reinstall,
      at: "Ready",
      strike: deleteDefinition("filerecoverysessions"),
      outcome: "goes",
    },
    {
      name: "definition of attachments deleted, session Ready",
      prepare: reinstall,
      at: "Ready",
      strike: deleteDefinition("filerecoveryattachments"),
      outcome: { ends: "Failed", reason: "AttachmentLost" },
    },
    uninstalled("Provisioning"),
    uninstalled("Ready"),
    uninstalled("download"),
    {
      name: "helm uninstall --no-hooks and installed again, session Ready",
      at: "Ready",
      strike: async ({ cluster }) => {
        await uninstallChart(cluster, "--no-hooks")
        return () => installChart(cluster)
      },
      outcome: "recovers",
    },
  ],
}
