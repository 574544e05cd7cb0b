import { afterAll, beforeAll, expect, test } from "vitest"
import { type Cluster, openCluster, repository } from "../support/cluster.ts"
import { installChart, operatorNamespace } from "../support/install.ts"
import { waitFor } from "../support/wait.ts"

/**
 * An operator that is newer than the definitions of the cluster, as `helm upgrade` alone leaves it: it isn't ready, says what is
 * to be done, and the one before goes on leading until that is done.
 */
const name = "filerecoverysessions.filerecovery.dev"
const deployment = ["deployment/file-recovery", "-n", operatorNamespace]
const lacking = `CustomResourceDefinition ${name} is older than this operator and lacks spec.access.clients. Apply the definitions`
let cluster: Cluster

interface Schema {
  properties: Record<string, Schema>
}
interface Definition {
  metadata: { resourceVersion?: string; managedFields?: unknown }
  spec: { versions: [{ schema: { openAPIV3Schema: Schema } }] }
}
interface Pod {
  metadata: { name: string; deletionTimestamp?: string }
  status?: { conditions?: { type: string; status: string }[] }
}

/** Those that stay. */
async function operators(): Promise<Pod[]> {
  const selector = "app.kubernetes.io/name=file-recovery-operator"
  const { stdout } = await cluster.kubectl(["get", "pods", "-n", operatorNamespace, "-l", selector, "-o", "json"])
  return (JSON.parse(stdout) as { items: Pod[] }).items.filter(({ metadata }) => !metadata.deletionTimestamp)
}
const namesOf = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name)
const isReady = ({ status }: Pod) =>
  status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true
const leader = async () => {
  const lease = await cluster.get<{ spec?: { holderIdentity?: string } }>("lease", "file-recovery", operatorNamespace)
  return lease?.spec?.holderIdentity?.split("_")[0]
}

/** As docs/install.md says, and as the operator's own words do. */
const asHelm = ["--server-side", "--force-conflicts", "--field-manager=helm"]
const applyDefinitions = () =>
  cluster.kubectl(["apply", ...asHelm, "-f", `${repository}charts/file-recovery-operator/crds`])
const rolledOut = () => cluster.kubectl(["rollout", "status", ...deployment, "--timeout=120s"])

beforeAll(async () => {
  cluster = await openCluster()
  await installChart(cluster)
})

afterAll(async () => {
  await applyDefinitions()
  await rolledOut()
})

test("a newer operator waits for its definitions and says which fields they lack; the older one leads", async () => {
  const before = await operators()
  const definition = (await cluster.get<Definition>("crd", name)) as Definition
  delete definition.spec.versions[0].schema.openAPIV3Schema.properties["spec"]?.properties["access"]?.properties[
    "clients"
  ]
  delete definition.metadata.managedFields
  await cluster.kubectl(["replace", "-f", "-"], { input: JSON.stringify(definition) })
  await cluster.kubectl(["rollout", "restart", ...deployment])
  const log = async () => {
    const [pod] = namesOf(await operators()).filter((one) => !namesOf(before).includes(one))
    return pod === undefined ? "" : (await cluster.kubectl(["logs", pod, "-n", operatorNamespace])).stdout
  }
  await waitFor("the new operator to say what is lacking", async () => (await log()).includes(lacking), {
    seconds: 90,
    describe: log,
  })
  expect((await log()).split(lacking)).toHaveLength(2)
  const now = await operators()
  const old = now.filter(({ metadata }) => namesOf(before).includes(metadata.name))
  expect([old.every(isReady), now.filter(isReady).length]).toEqual([true, old.length])
  expect(namesOf(before)).toContain(await leader())
})

test("when they are applied it goes on by itself", async () => {
  await applyDefinitions()
  await rolledOut()
  const isThere = async () => namesOf(await operators()).includes((await leader()) ?? "")
  await waitFor("one of the new operators to lead", isThere, { seconds: 60 })
  expect((await operators()).every(isReady)).toBe(true)
})
