import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { attachmentManifest } from "../../src/children/attachment.ts"
import type { Blueprint } from "../../src/children/blueprint.ts"
import { claimManifest } from "../../src/children/claim.ts"
import type { Manifest } from "../../src/children/manifest.ts"
import { networkPolicyManifests } from "../../src/children/network-policies.ts"
import { restorePodManifest } from "../../src/children/restore-pod.ts"
import { secretManifests } from "../../src/children/secrets.ts"
import { serviceManifests } from "../../src/children/services.ts"
import { targetPodManifest } from "../../src/children/target-pod.ts"
import { namesOf } from "../../src/children/names.ts"
import { callerOf, type Caller } from "../support/caller.ts"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { installChart } from "../support/install.ts"
import { blueprintOf, installedSettings, operatorAccount } from "../support/installation.ts"
import type { LiveSession } from "../support/live-session.ts"
import { removeNamespaces } from "../support/shop.ts"
import { refusedTemporaries, temporaryManifests } from "../support/temporaries.ts"
import { waitFor } from "../support/wait.ts"

/** What the operator's account may do: its rights, and the policies that would bind it if it had every right. */
const namespace = "operator-account"
const image = "localhost/pause:1"
let cluster: Cluster
let operator: Caller
let blueprint: Blueprint

beforeAll(async () => {
  cluster = await openCluster()
  operator = callerOf(cluster, operatorAccount)
  await installChart(cluster)
  blueprint = blueprintOf(await installedSettings(cluster), namespace)
  await cluster.apply(
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { apiVersion: "v1", kind: "Secret", metadata: { name: "app-db", namespace }, stringData: { password: "x" } },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "app", namespace },
      spec: { containers: [{ name: "app", image }] },
    },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "builder", namespace } },
    foreignContent,
  )
  const foreign = { apiVersion: "v1", kind: "Secret", metadata: { name: "other", namespace } }
  await waitFor("the policies to be in force", () => operator.tries("create", foreign), { seconds: 30 })
})

afterAll(async () => {
  await cluster.kubectl(["delete", "volumesnapshotcontent", foreignContent.metadata.name, "--ignore-not-found"])
  await removeNamespaces(cluster, namespace)
})

const foreignContent = {
  apiVersion: "snapshot.storage.k8s.io/v1",
  kind: "VolumeSnapshotContent",
  metadata: { name: "somebody-elses" },
  spec: {
    deletionPolicy: "Retain",
    driver: "not.installed.test",
    source: { snapshotHandle: "x" },
    volumeSnapshotRef: { name: "x", namespace: "x" },
  },
}

const pods = (): Record<"target" | "restore", Manifest> => ({
  target: targetPodManifest(blueprint, `${namesOf(blueprint.session).base}-target-0`),
  restore: restorePodManifest(blueprint, `${namesOf(blueprint.session).base}-restore-0`, "10.0.0.1"),
})
const claim = () =>
  claimManifest(blueprint, {
    name: blueprint.disks[0]?.claim ?? "",
    storageClassName: "loop",
    size: "1Gi",
    snapshot: "data-1",
  })
const secret = () => secretManifests(blueprint, { target: {}, restore: {}, access: { password: "x" } })[0]

describe("with its own rights", () => {
  test.each([
    ["get a Secret", ["get", "secret", "app-db", "-n", namespace]],
    ["list Secrets", ["get", "secrets", "-A"]],
    ["get a Secret of its own namespace", ["get", "secret", "file-recovery-authority", "-n", "file-recovery"]],
    ["delete a Secret", ["delete", "secret", "app-db", "-n", namespace]],
    ["patch a Secret", ["patch", "secret", "app-db", "-n", namespace, "-p", '{"data":{}}']],
    ["patch a pod", ["patch", "pod", "app", "-n", namespace, "-p", '{"spec":{"activeDeadlineSeconds":5}}']],
    ["exec", ["exec", "-n", namespace, "app", "--", "true"]],
    ["change a content", ["annotate", "volumesnapshotcontent", "somebody-elses", "a=b"]],
    ["delete a namespace", ["delete", "namespace", namespace]],
    ["list ConfigMaps", ["get", "configmaps", "-A"]],
    ["create a role", ["create", "clusterrole", "x", "--verb=get", "--resource=secrets"]],
    ["delete its policies", ["delete", "validatingadmissionpolicy", "file-recovery-names"]],
  ])("%s: refused by its roles", async (_, command) => {
    expect(await operator.does(command)).toContain("is forbidden: User")
  })

  test("the manifests of a session: admitted, all of them", async () => {
    const { target, restore } = pods()
    const services = serviceManifests(blueprint)
    const attachment = attachmentManifest(blueprint.session, blueprint.installation.instance)
    const secrets = secretManifests(blueprint, { target: {}, restore: {}, access: {} })
    const all = [
      attachment,
      claim(),
      ...temporaryManifests(blueprint),
      ...secrets,
      services.target,
      services.files,
      target,
      restore,
    ]
    const refused: string[] = []
    for (const manifest of [...all, ...networkPolicyManifests(blueprint)])
      refused.push(await operator.tries("create", manifest))
    expect(refused.filter(Boolean)).toEqual([])
  })

  test("delete a foreign content: refused by the policies", async () => {
    const refusal = await operator.does(["delete", "volumesnapshotcontent", "somebody-elses"])
    expect(refusal).toContain("may not delete volumesnapshotcontents /somebody-elses")
  })
})

describe("whatever its rights", () => {
  const binding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "e2e-operator-with-every-right" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "ServiceAccount", namespace: "file-recovery", name: "file-recovery" }],
  }
  beforeAll(async () => {
    await cluster.apply(binding)
    const mayRead = async () => (await operator.does(["get", "secret", "app-db", "-n", namespace])) === ""
    await waitFor("the rights to be in force", mayRead, { seconds: 30 })
  })
  afterAll(async () => {
    await cluster.kubectl(["delete", "clusterrolebinding", binding.metadata.name])
  })

  test.each<[string, () => object, string]>([
    [
      "a Secret of another name",
      () => ({ ...secret(), metadata: { name: "x", namespace } }),
      "secrets operator-account/x",
    ],
    ["a Secret that can change", () => ({ ...secret(), immutable: false }), "immutable Secrets of type Opaque"],
    [
      "a Secret of another type",
      () => ({ ...secret(), type: "kubernetes.io/dockercfg", data: { ".dockercfg": "e30=" } }),
      "immutable Secrets of type Opaque",
    ],
    [
      "a claim that copies a claim",
      () => ({
        ...claim(),
        spec: { ...(claim()["spec"] as object), dataSource: { kind: "PersistentVolumeClaim", name: "data" } },
      }),
      "from a VolumeSnapshot",
    ],
    [
      "a Service that the world can reach",
      () => ({ ...service(), spec: { ...(service()["spec"] as object), type: "LoadBalancer" } }),
      "ClusterIP",
    ],
    [
      "a Service for other pods",
      () => ({ ...service(), spec: { ...(service()["spec"] as object), selector: { app: "db" } } }),
      "that select pods of a session",
    ],
    [
      "a NetworkPolicy for all pods",
      () => ({ ...networkPolicyManifests(blueprint)[0], spec: { podSelector: {} } }),
      "for pods of a session",
    ],
    ...refusedTemporaries.map(([what, make, words]): [string, () => object, string] => [
      what,
      () => make(blueprint),
      words,
    ]),
    [
      "a session",
      () => ({
        apiVersion: "filerecovery.dev/v1alpha1",
        kind: "FileRecoverySession",
        metadata: { name: "x", namespace },
        spec: { source: { volumeSnapshots: [{ name: "x" }] } },
      }),
      "may not create sessions",
    ],
  ])("%s: refused", async (_, make, words) => {
    expect(await operator.tries("create", make())).toContain(words)
  })

  test.each<[string, string[], string]>([
    [
      "a foreign content",
      ["volumesnapshotcontent", "somebody-elses"],
      "may not delete volumesnapshotcontents /somebody",
    ],
    ["a foreign Secret", ["secret", "app-db", "-n", namespace], "may not delete secrets operator-account/app-db"],
    ["a namespace", ["namespace", namespace], "may not delete namespaces"],
  ])("deleting %s: refused", async (_, what, words) => {
    expect(await operator.does(["delete", ...what])).toContain(words)
  })
})

describe("sessions it deletes", () => {
  const session = (name: string, spec: object): object => ({
    apiVersion: "filerecovery.dev/v1alpha1",
    kind: "FileRecoverySession",
    metadata: { name, namespace },
    spec: { source: { volumeSnapshots: [{ name: "none" }] }, ...spec },
  })
  const phase = async (name: string) =>
    (await cluster.get<LiveSession>("filerecoverysession", name, namespace))?.status?.phase ?? ""

  beforeAll(async () => {
    await cluster.apply(
      session("waits", { ttlAfterFinished: "0s" }),
      session("stays", { desiredState: "Unmounted" }),
      session("goes", { desiredState: "Unmounted", ttlAfterFinished: "0s" }),
    )
    await waitFor("a session to have finished", async () => (await phase("stays")) === "Unmounted", { seconds: 30 })
    await waitFor("a session to wait", async () => (await phase("waits")) === "Pending", { seconds: 30 })
  })

  test.each(["waits", "stays"])("not one that %s", async (name) => {
    const answer = await operator.does(["delete", "filerecoverysession", name, "-n", namespace])
    expect(answer).toContain(`may not delete session ${namespace}/${name}`)
  })

  test("one that has finished and is to go", async () => {
    const gone = async () => (await cluster.get("filerecoverysession", "goes", namespace)) === undefined
    expect(await waitFor("the session to be gone", gone, { seconds: 30 })).toBe(true)
  })
})

const service = (): Manifest => serviceManifests(blueprint).target
