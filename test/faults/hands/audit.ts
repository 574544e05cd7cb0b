import { readFile, rm, writeFile } from "node:fs/promises"
import { type Cluster } from "../../support/cluster.ts"
import { operatorAccount } from "../../support/installation.ts"
import type { Undo } from "../fault.ts"
import { cluster as clusterCommand } from "./daemons.ts"

/** Everything the operator writes, but for leases and Events: they are no part of a session's state, and come when they like. */
const policy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["ResponseStarted", "Panic"],
  rules: [
    { level: "None", resources: [{ group: "coordination.k8s.io" }, { group: "events.k8s.io" }] },
    // with what comes of it, which tells whether anything was changed
    {
      level: "RequestResponse",
      omitManagedFields: true,
      users: [operatorAccount],
      verbs: ["create", "update", "patch", "delete"],
    },
    { level: "None" },
  ],
}

const webhook = (url: string) => ({
  apiVersion: "v1",
  kind: "Config",
  clusters: [{ name: "test", cluster: { server: url } }],
  contexts: [{ name: "test", context: { cluster: "test", user: "" } }],
  "current-context": "test",
})

/** Has the API server ask this address about every write of the operator. It is started anew for that, and again at the end. */
export async function auditOperator({ state }: Cluster, url: string): Promise<Undo> {
  const [policyFile, webhookFile] = [`${state}/audit-policy.json`, `${state}/audit-webhook.json`]
  await writeFile(policyFile, JSON.stringify(policy))
  await writeFile(webhookFile, JSON.stringify(webhook(url)))
  const before = (await readFile(`${state}/apiserver-args`, "utf8")).trim()
  const audit = [
    `--audit-policy-file=${policyFile}`,
    `--audit-webhook-config-file=${webhookFile}`,
    "--audit-webhook-mode=blocking-strict",
  ]
  await clusterCommand("apiserver-args", before, ...audit)
  return async () => {
    await clusterCommand("apiserver-args", before)
    await rm(policyFile)
    await rm(webhookFile)
  }
}
