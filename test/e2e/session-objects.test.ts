import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { FIELD_MANAGER } from "../../src/api/group.ts"
import { attachmentManifest } from "../../src/children/attachment.ts"
import type { Blueprint } from "../../src/children/blueprint.ts"
import { claimManifest } from "../../src/children/claim.ts"
import type { Manifest } from "../../src/children/manifest.ts"
import { networkPolicyManifests } from "../../src/children/network-policies.ts"
import { secretManifests } from "../../src/children/secrets.ts"
import { serviceManifests } from "../../src/children/services.ts"
import { callerOf } from "../support/caller.ts"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { installChart } from "../support/install.ts"
import { blueprintOf, installedSettings, operatorAccount, waitingSession } from "../support/installation.ts"
import { removeNamespaces } from "../support/shop.ts"
import { waitFor } from "../support/wait.ts"

/** What guards a session's pods stays as it was made; what a session made goes with it, and nobody makes it stay. */
const namespace = "session-objects"
const builder = `system:serviceaccount:${namespace}:builder`
let cluster: Cluster
let blueprint: Blueprint
let made: Record<"claim" | "secret" | "service" | "policy", Manifest>

const apply = ["apply", "--server-side", "--force-conflicts", `--field-manager=${FIELD_MANAGER}`, "-f", "-"]
const as = (user: string, ...args: string[]) => callerOf(cluster, user).does([...args, "-n", namespace])
const patch = (user: string, { kind, metadata }: Manifest, change: object, type = "merge") =>
  as(user, "patch", kind, metadata.name, `--type=${type}`, "-p", JSON.stringify(change))

/** As the operator does it: the attachment, then what it owns. Without pods, so nothing of it ever runs. */
async function makeObjects(): Promise<void> {
  const operator = callerOf(cluster, operatorAccount)
  const create = async (object: object) => expect(await operator.does(["create", "-f", "-"], object)).toBe("")
  blueprint = blueprintOf(await installedSettings(cluster), namespace, await waitingSession(cluster, namespace))
  const { name } = blueprint.owner
  await create(attachmentManifest(blueprint.session, blueprint.installation.instance))
  const attachment = await cluster.get<{ metadata: { uid: string } }>("filerecoveryattachment", name, namespace)
  blueprint.owner = { name, uid: attachment?.metadata.uid ?? "" }
  const [policy] = networkPolicyManifests(blueprint)
  const [secret] = secretManifests(blueprint, { target: {}, restore: {}, access: {} })
  if (!policy || !secret) throw new Error("a session has policies and Secrets")
  const clone = { name: blueprint.disks[0]?.claim ?? "", storageClassName: "none", size: "64Mi", snapshot: "none" }
  made = { claim: claimManifest(blueprint, clone), secret, service: serviceManifests(blueprint).target, policy }
  for (const object of Object.values(made)) await create(object)
}

async function leftOfIt(): Promise<string[]> {
  const kinds = "networkpolicies,services,persistentvolumeclaims,secrets,filerecoveryattachments"
  const { stdout } = await cluster.kubectl(["get", kinds, "-n", namespace, "-o", "name"])
  return stdout.split("\n").filter((line) => line.includes("/frsess-"))
}

beforeAll(async () => {
  cluster = await openCluster()
  await installChart(cluster)
  await cluster.apply(
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { namespace, name: "admins" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "admin" },
      subjects: ["edith", builder].map((name) => ({ apiGroup: "rbac.authorization.k8s.io", kind: "User", name })),
    },
  )
  const refused = async () =>
    (await as("edith", "create", "service", "clusterip", "frsess-x", "--tcp=80")).includes("choose another name")
  await waitFor("the policies to be in force", refused, { seconds: 30 })
  await makeObjects()
})

afterAll(async () => {
  await removeNamespaces(cluster, namespace)
})

describe("the administrator of the namespace", () => {
  test("opens a NetworkPolicy: refused", async () => {
    expect(await patch("edith", made.policy, { spec: { ingress: [{}] } })).toContain(
      `edith may not change networkpolicies ${namespace}/frsess-`,
    )
  })

  test("points a Service elsewhere: refused", async () => {
    const refusal = await patch("edith", made.service, { spec: { selector: { app: "mine" } } })
    expect(refusal).toContain(`edith may not change services ${namespace}/frsess-`)
  })

  test.each(["policy", "service"] as const)("deletes the %s: refused", async (which) => {
    const { kind, metadata } = made[which]
    const refusal = await as("edith", "delete", kind, metadata.name, "--wait=false")
    expect(refusal).toContain("goes when the session is deleted")
  })

  test("deletes all NetworkPolicies at once: ours are refused", async () => {
    const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`
    const refusal = await callerOf(cluster, "edith").does(["delete", "--raw", path])
    expect(refusal).toContain(`edith may not delete networkpolicies ${namespace}/frsess-`)
  })

  test.each(["claim", "secret", "service", "policy"] as const)("takes the owner of the %s: refused", async (which) => {
    expect(await patch("edith", made[which], { metadata: { ownerReferences: null } })).toContain(
      "may not change the owner",
    )
  })

  test.each([
    ["edith", "claim"],
    ["edith", "secret"],
    ["edith", "policy"],
    [builder, "claim"],
  ] as const)("%s adds a finalizer to the %s: refused", async (user, which) => {
    expect(await patch(user, made[which], { metadata: { finalizers: ["example.test/stay"] } })).toContain(
      "may not add finalizers",
    )
  })

  test("annotates: nobody minds", async () => {
    for (const object of Object.values(made))
      expect(await patch("edith", object, { metadata: { annotations: { note: "x" } } })).toBe("")
  })

  test("changes and deletes what is not of a session: as ever", async () => {
    const name = "own"
    const policy = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name, namespace } }
    const own: Manifest = { ...policy, spec: { podSelector: {} } }
    await cluster.apply(own)
    const change = { metadata: { finalizers: ["example.test/stay"] }, spec: { ingress: [{}] } }
    expect(await patch("edith", own, change)).toBe("")
    expect(await patch("edith", own, { metadata: { finalizers: null } })).toBe("")
    expect(await as("edith", "delete", "networkpolicy", name)).toBe("")
  })
})

describe("who must not be kept from it", () => {
  test("the operator applies the same once more: nothing is changed", async () => {
    const version = async ({ kind, metadata }: Manifest) =>
      (await cluster.get<{ metadata: { resourceVersion: string } }>(kind, metadata.name, namespace))?.metadata
        .resourceVersion
    for (const object of [made.policy, made.service]) {
      expect(await callerOf(cluster, operatorAccount).does(apply, object)).toBe("")
      const before = await version(object)
      expect(await callerOf(cluster, operatorAccount).does(apply, object)).toBe("")
      expect(await version(object)).toBe(before)
    }
  })

  test("the operator puts a NetworkPolicy right", async () => {
    const wider = { ...made.policy, spec: { ...(made.policy["spec"] as object), egress: [{}] } }
    for (const object of [wider, made.policy])
      expect(await callerOf(cluster, operatorAccount).does(apply, object)).toBe("")
  })

  test("a driver's finalizer on a claim, and its end", async () => {
    const driver = "system:serviceaccount:kube-system:csi-driver"
    const access = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding" }
    await cluster.apply({
      ...access,
      metadata: { namespace, name: "driver" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "edit" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: driver }],
    })
    const add = [{ op: "add", path: "/metadata/finalizers/-", value: "driver.test/copying" }]
    const claim = async () =>
      (await cluster.get<Manifest>("pvc", made.claim.metadata.name, namespace))?.metadata.finalizers
    await waitFor("the claim's own finalizer", async () => (await claim())?.length === 1, { seconds: 30 })
    expect(await patch(driver, made.claim, add, "json")).toBe("")
    expect(await claim()).toContain("driver.test/copying")
    expect(await patch(driver, made.claim, [{ op: "remove", path: "/metadata/finalizers/1" }], "json")).toBe("")
  })

  test("the garbage collector: all goes with its attachment", async () => {
    expect(await leftOfIt()).toHaveLength(5)
    const { name } = blueprint.owner
    const remove = ["delete", "filerecoveryattachment", name, "--cascade=foreground", "--wait=false"]
    expect(await as(operatorAccount, ...remove)).toBe("")
    await waitFor("nothing to be left", async () => (await leftOfIt()).length === 0, {
      seconds: 60,
      describe: async () => (await leftOfIt()).join(", "),
    })
  })

  test("the garbage collector: orphans lose their owner", async () => {
    await makeObjects()
    const remove = ["delete", "filerecoveryattachment", blueprint.owner.name, "-n", namespace, "--cascade=orphan"]
    await cluster.kubectl(remove)
    const { kind, metadata } = made.policy
    expect((await cluster.get<Manifest>(kind, metadata.name, namespace))?.metadata.ownerReferences).toBeUndefined()
  })

  test("the namespace's end: all goes", async () => {
    expect(await leftOfIt()).toHaveLength(4)
    await cluster.kubectl(["delete", "namespace", namespace, "--timeout=60s"])
  })
})
