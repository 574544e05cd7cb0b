import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { callerOf, type Caller } from "../support/caller.ts"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { installChart } from "../support/install.ts"
import { removeNamespaces } from "../support/shop.ts"
import { waitFor } from "../support/wait.ts"

/** What the API server itself refuses to users, with the chart's policies; the operator's account: operator-account.test.ts. */
const namespace = "admission"
const session = (spec: object = {}, name = "orders") => ({
  apiVersion: "filerecovery.dev/v1alpha1",
  kind: "FileRecoverySession",
  metadata: { name, namespace },
  spec: { source: { persistentVolumeClaims: [{ name: "no-such-claim" }] }, ...spec },
})
const image = "localhost/pause:1"
const pod = (spec: object = {}, metadata: object = { name: "app" }) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { namespace, ...metadata },
  spec: { containers: [{ name: "app", image }], ...spec },
})
const container = (fields: object) => ({ name: "app", image, ...fields })
const volume = (source: object) => pod({ volumes: [{ name: "v", ...source }] })
const plain = (kind: string, metadata: object, fields: object, apiVersion = "v1") => ({
  apiVersion,
  kind,
  metadata: { namespace, ...metadata },
  ...fields,
})
const claimSpec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } }
const secretKeyRef = { name: "frsess-orders-12345678-access", key: "password" }
const ours = "frsess-orders-12345678-target"

/** What each right of a requester is, as a rule of a role. */
const rights = {
  sessions: { apiGroups: ["filerecovery.dev"], resources: ["filerecoverysessions"], verbs: ["*"] },
  claims: { apiGroups: [""], resources: ["persistentvolumeclaims"], verbs: ["create"] },
  pods: { apiGroups: [""], resources: ["pods"], verbs: ["create"] },
  snapshots: { apiGroups: ["snapshot.storage.k8s.io"], resources: ["volumesnapshots"], verbs: ["get"] },
}
const users: Record<string, (keyof typeof rights)[]> = {
  alice: ["sessions"],
  ben: ["sessions", "pods", "snapshots"],
  carla: ["sessions", "claims", "snapshots"],
  dan: ["sessions", "claims", "pods"],
  rita: ["sessions", "claims", "pods", "snapshots"],
}

let cluster: Cluster
let admin: Caller
const as = (name: string) => callerOf(cluster, name)

beforeAll(async () => {
  cluster = await openCluster()
  admin = callerOf(cluster)
  await installChart(cluster)
  const bind = (name: string, roleRef: object) =>
    plain("RoleBinding", { name }, { roleRef, subjects: [{ kind: "User", name }] }, "rbac.authorization.k8s.io/v1")
  const roles = Object.entries(users).flatMap(([name, has]) => [
    plain("Role", { name }, { rules: has.map((right) => rights[right]) }, "rbac.authorization.k8s.io/v1"),
    bind(name, { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name }),
  ])
  const edit = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "edit" }
  await cluster.apply(
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    ...roles,
    bind("edith", edit),
  )
  await waitFor("the policies to be in force", () => admin.tries("create", pod({}, { name: "frsess-x" })), {
    seconds: 30,
  })
})

afterAll(async () => {
  await removeNamespaces(cluster, namespace)
})

describe("requester", () => {
  test.each([
    ["rights on sessions only", "alice", "alice may not create persistentvolumeclaims in admission"],
    ["no right to create claims", "ben", "ben may not create persistentvolumeclaims in admission"],
    ["no right to create pods", "carla", "carla may not create pods in admission"],
    ["no right to get snapshots", "dan", "dan may not get volumesnapshots in admission"],
    ["edit, which says nothing of snapshots", "edith", "edith may not get volumesnapshots in admission"],
  ])("%s: refused with the missing right", async (_, user, words) => {
    const refusal = await as(user).tries("create", session())
    expect(refusal).toContain(words)
    expect(refusal).toContain(
      "a recovery session needs the rights to create persistentvolumeclaims, create pods and get",
    )
  })

  test("every right: admitted", async () => {
    expect(await as("rita").tries("create", session())).toBe("")
  })

  test("who may not create one may unmount it, but not prolong it", async () => {
    await cluster.apply(session({ ttl: "1m" }))
    const patch = (spec: object) =>
      as("alice").does(["patch", "frsess", "orders", "-n", namespace, "--type=merge", "-p", JSON.stringify({ spec })])
    expect(await patch({ ttl: "2h" })).toContain("alice may not create persistentvolumeclaims")
    expect(await patch({ desiredState: "Unmounted" })).toBe("")
    await cluster.kubectl(["delete", "frsess", "orders", "-n", namespace])
  })
})

describe("names and labels", () => {
  const snapshotApi = "snapshot.storage.k8s.io/v1"
  const snapshotOf = (volumeSnapshotContentName: string) => ({ spec: { source: { volumeSnapshotContentName } } })
  const label = { "filerecovery.dev/session-uid": "1" }
  const service = { spec: { ports: [{ port: 80 }] } }
  const policy = { spec: { podSelector: {} } }
  test.each([
    ["a pod", pod({}, { name: ours })],
    ["a pod by generateName", pod({}, { generateName: "frsess-" })],
    ["a Secret", plain("Secret", { name: ours }, {})],
    ["a claim", plain("PersistentVolumeClaim", { name: ours }, { spec: claimSpec })],
    ["a Service", plain("Service", { name: ours }, service)],
    ["a NetworkPolicy", plain("NetworkPolicy", { name: ours }, policy, "networking.k8s.io/v1")],
    ["a VolumeSnapshot", plain("VolumeSnapshot", { name: ours }, snapshotOf("content"), snapshotApi)],
  ])("%s named frsess-*: refused", async (_, object) => {
    const kind = object.kind === "NetworkPolicy" ? "networkpolicies" : `${object.kind.toLowerCase()}s`
    const refusal = await admin.tries("create", object)
    expect(refusal).toMatch(new RegExp(`may not create ${kind} admission/frsess-.*choose another name`))
  })

  test.each([
    ["a pod", pod({}, { name: "app", labels: label })],
    ["a claim", plain("PersistentVolumeClaim", { name: "app", labels: label }, { spec: claimSpec })],
    ["a Service", plain("Service", { name: "app", labels: label }, service)],
  ])("%s with a label filerecovery.dev/*: refused", async (_, object) => {
    expect(await admin.tries("create", object)).toContain("may not set or change labels filerecovery.dev/*")
  })

  test("a content named frsess-*: refused; any other may be made", async () => {
    const spec = {
      deletionPolicy: "Retain",
      driver: "not.installed.test",
      source: { snapshotHandle: "x" },
      volumeSnapshotRef: { name: "x", namespace },
    }
    const content = (name: string) => ({
      apiVersion: snapshotApi,
      kind: "VolumeSnapshotContent",
      metadata: { name },
      spec,
    })
    expect(await admin.tries("create", content(ours))).toMatch(/may not create volumesnapshotcontents \/frsess-/)
    expect(await admin.tries("create", content("theirs"))).toBe("")
  })

  test("an attachment: only the operator makes them", async () => {
    const attachment = plain(
      "FileRecoveryAttachment",
      { name: "mine" },
      { spec: { sessionName: "orders", sessionUid: "1" } },
      "filerecovery.dev/v1alpha1",
    )
    expect(await admin.tries("create", attachment)).toContain("attachments are made by the operator")
  })

  test("the status of a session: only the operator writes it", async () => {
    await cluster.apply(session({}, "status"))
    const patch = ["--subresource=status", "--type=merge", "-p", '{"status":{"startedAt":"2036-01-01T00:00:00Z"}}']
    expect(await admin.does(["patch", "frsess", "status", "-n", namespace, ...patch])).toContain(
      "may not write the status",
    )
    await cluster.kubectl(["delete", "frsess", "status", "-n", namespace])
  })

  test("a label filerecovery.dev/* on a running pod: refused, other labels are free", async () => {
    await cluster.apply(pod({}, { name: "labelled" }))
    const set = (text: string) => admin.does(["label", "pod", "labelled", "-n", namespace, "--overwrite", text])
    expect(await set("filerecovery.dev/role=target")).toContain("may not set or change labels filerecovery.dev/*")
    expect(await set("team=shop")).toBe("")
    await cluster.kubectl(["delete", "pod", "labelled", "-n", namespace, "--grace-period=0", "--force"])
  })
})

describe("references to what belongs to a session", () => {
  const env = [{ name: "P", valueFrom: { secretKeyRef } }]
  const envFrom = [{ secretRef: { name: ours } }]
  const secretRef = { name: ours }
  const dataSource = { kind: "PersistentVolumeClaim", name: "frsess-orders-12345678-d0" }
  const copy = { ...claimSpec, dataSource }
  test.each([
    ["a claim", volume({ persistentVolumeClaim: { claimName: "frsess-orders-12345678-d0" } }), "mounts a claim"],
    ["a Secret as volume", volume({ secret: { secretName: ours } }), "mounts a Secret"],
    ["a Secret in a projected volume", volume({ projected: { sources: [{ secret: secretRef }] } }), "mounts a Secret"],
    ["env", pod({ containers: [container({ env })] }), "environment takes"],
    ["envFrom", pod({ containers: [container({ envFrom })] }), "environment takes"],
    ["env of an init container", pod({ initContainers: [container({ name: "i", env })] }), "environment takes"],
    ["envFrom of an init container", pod({ initContainers: [container({ name: "i", envFrom })] }), "environment takes"],
    ["an image pull secret", pod({ imagePullSecrets: [secretRef] }), "pulls images"],
    [
      "an ephemeral volume that copies a clone",
      volume({ ephemeral: { volumeClaimTemplate: { spec: copy } } }),
      "an ephemeral volume copies a claim",
    ],
    ["a snapshot of a clone", snapshotOf("frsess-orders-12345678-d0"), "is of a claim"],
    ["a claim that copies a clone", plain("PersistentVolumeClaim", { name: "copy" }, { spec: copy }), "copies a claim"],
    [
      "a claim that copies a clone by dataSourceRef",
      plain("PersistentVolumeClaim", { name: "copy" }, { spec: { ...claimSpec, dataSourceRef: dataSource } }),
      "copies a claim",
    ],
    [
      "a CSI volume's Secret",
      volume({ csi: { driver: "d", nodePublishSecretRef: secretRef } }),
      "a volume uses a Secret",
    ],
    [
      "an iSCSI volume's Secret",
      volume({ iscsi: { targetPortal: "p", iqn: "iqn.2026-11.test:x", lun: 0, chapAuthSession: true, secretRef } }),
      "a volume uses a Secret",
    ],
    ["an RBD volume's Secret", volume({ rbd: { monitors: ["m"], image: "i", secretRef } }), "a volume uses a Secret"],
    ["a CephFS volume's Secret", volume({ cephfs: { monitors: ["m"], secretRef } }), "a volume uses a Secret"],
    ["a Cinder volume's Secret", volume({ cinder: { volumeID: "v", secretRef } }), "a volume uses a Secret"],
    ["a FlexVolume's Secret", volume({ flexVolume: { driver: "a/d", secretRef } }), "a volume uses a Secret"],
    [
      "a ScaleIO volume's Secret",
      volume({ scaleIO: { gateway: "g", system: "s", volumeName: "v", secretRef } }),
      "a volume uses a Secret",
    ],
    ["a StorageOS volume's Secret", volume({ storageos: { volumeName: "v", secretRef } }), "a volume uses a Secret"],
    ["an Azure file's Secret", volume({ azureFile: { secretName: ours, shareName: "s" } }), "a volume uses a Secret"],
  ])("%s: refused", async (_, object, words) => {
    const refusal = await admin.tries("create", object)
    expect(refusal).toContain(words)
    expect(refusal).toContain("(frsess-*)")
  })

  test("the environment of an ephemeral container: refused", async () => {
    await cluster.apply(pod({}, { name: "debugged" }))
    const ephemeralContainers = [{ name: "debug", image, env }]
    const patch = JSON.stringify({ spec: { ephemeralContainers } })
    const where = ["pod", "debugged", "-n", namespace, "--subresource=ephemeralcontainers", "--type=strategic"]
    expect(await admin.does(["patch", ...where, "-p", patch])).toContain("environment takes from a Secret")
    await cluster.kubectl(["delete", "pod", "debugged", "-n", namespace, "--grace-period=0", "--force"])
  })
})

describe("ordinary workloads", () => {
  const many = Array.from({ length: 10_000 }, (_, i) => ({ name: `VARIABLE_${i}`, value: "x" }))
  test.each([
    ["a pod with Secrets, claims, environment", ordinaryPod()],
    ["a very large pod", pod({ containers: [container({ env: many })] })],
    ["a Secret", plain("Secret", { name: "app-db" }, { stringData: { password: "x" } })],
    ["a claim from a snapshot", plain("PersistentVolumeClaim", { name: "restored" }, { spec: fromSnapshot() })],
    ["a snapshot of a claim", snapshotOf("data")],
    ["a snapshot that was made elsewhere", snapshot({ volumeSnapshotContentName: "imported" })],
    ["a name that only contains frsess-", pod({}, { name: "my-frsess-app" })],
  ])("%s: admitted", async (_, object) => {
    expect(await admin.tries("create", object)).toBe("")
  })
})

function ordinaryPod(): object {
  return pod({
    initContainers: [container({ name: "init", envFrom: [{ secretRef: { name: "app-db" } }] })],
    containers: [
      container({
        env: [
          { name: "P", valueFrom: { secretKeyRef: { name: "app-db", key: "p" } } },
          { name: "Q", value: "1" },
        ],
      }),
    ],
    imagePullSecrets: [{ name: "registry" }],
    volumes: [
      { name: "a", secret: { secretName: "app-db" } },
      { name: "b", persistentVolumeClaim: { claimName: "data" } },
      { name: "c", projected: { sources: [{ secret: { name: "app-db" } }, { configMap: { name: "c" } }] } },
      { name: "d", emptyDir: {} },
      { name: "e", ephemeral: { volumeClaimTemplate: { spec: claimSpec } } },
      { name: "f", hostPath: { path: "/tmp" } },
    ],
  })
}

function snapshot(source: object): { kind: string } & object {
  const spec = { volumeSnapshotClassName: "loop", source }
  return plain("VolumeSnapshot", { name: "by-hand" }, { spec }, "snapshot.storage.k8s.io/v1")
}

function snapshotOf(persistentVolumeClaimName: string): { kind: string } & object {
  return snapshot({ persistentVolumeClaimName })
}

function fromSnapshot(): object {
  return { ...claimSpec, dataSource: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: "s" } }
}
