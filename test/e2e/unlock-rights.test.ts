import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Blueprint } from "../../src/children/blueprint.ts"
import type { Manifest } from "../../src/children/manifest.ts"
import { namesOf } from "../../src/children/names.ts"
import { restorePodManifest } from "../../src/children/restore-pod.ts"
import { targetPodManifest } from "../../src/children/target-pod.ts"
import { callerOf, type Caller } from "../support/caller.ts"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { installChart } from "../support/install.ts"
import { blueprintOf, installedSettings, operatorAccount } from "../support/installation.ts"
import { removeNamespaces } from "../support/shop.ts"
import { waitFor } from "../support/wait.ts"

/** Whose Secrets a session may have tried as keys: those that whoever asks may read, and in the operator's hands no others. */
const namespace = "unlock-rights"
const keys = (...all: string[]) =>
  all.map((text) => ({ secretRef: { name: text.replace(/\/.*$/, ""), key: text.replace(/^.*\//, "") } }))
const session = (name: string, unlock: string[], more: object = {}) => ({
  apiVersion: "filerecovery.dev/v1alpha1",
  kind: "FileRecoverySession",
  metadata: { name, namespace },
  spec: { source: { volumeSnapshots: [{ name: "no-such" }] }, unlock: keys(...unlock), ...more },
})

let cluster: Cluster
let operator: Caller
let blueprint: Blueprint
const as = (name: string) => callerOf(cluster, name)

/** Rights to recover, and to get some Secrets; none named: no Secret. */
function user(name: string, secrets: string[]): object[] {
  const rules = [
    { apiGroups: ["filerecovery.dev"], resources: ["filerecoverysessions"], verbs: ["*"] },
    { apiGroups: [""], resources: ["persistentvolumeclaims", "pods"], verbs: ["create"] },
    { apiGroups: ["snapshot.storage.k8s.io"], resources: ["volumesnapshots"], verbs: ["get"] },
    ...(secrets.length > 0
      ? [{ apiGroups: [""], resources: ["secrets"], resourceNames: secrets, verbs: ["get"] }]
      : []),
  ]
  const apiVersion = "rbac.authorization.k8s.io/v1"
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name }
  return [
    { apiVersion, kind: "Role", metadata: { name, namespace }, rules },
    { apiVersion, kind: "RoleBinding", metadata: { name, namespace }, roleRef, subjects: [{ kind: "User", name }] },
  ]
}

beforeAll(async () => {
  cluster = await openCluster()
  operator = callerOf(cluster, operatorAccount)
  await installChart(cluster)
  await cluster.apply(
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    ...user("nora", []),
    ...user("kim", ["a", "b", "c"]),
    session("orders", ["disk-keys/root", "disk-keys/data"]),
    session("other", ["theirs/key"]),
  )
  const made = await cluster.get<{ metadata: { uid: string } }>("filerecoverysession", "orders", namespace)
  const ofSession = blueprintOf(await installedSettings(cluster), namespace, made?.metadata.uid)
  blueprint = { ...ofSession, unlock: secretsOf("disk-keys/root", "disk-keys/data") }
  const foreign = restorePod({ ...blueprint, unlock: secretsOf("foreign/key") })
  const refused = async () => (await operator.tries("create", foreign)).includes("spec.unlock")
  await waitFor("the policies to be in force, and to know the sessions", refused, { seconds: 60 })
})

afterAll(async () => {
  await removeNamespaces(cluster, namespace)
})

const secretsOf = (...all: string[]) => keys(...all).map(({ secretRef }) => secretRef)
const restorePod = (of: Blueprint) => restorePodManifest(of, `${namesOf(of.session).base}-restore-0`, "10.0.0.1")
const targetPod = () => targetPodManifest(blueprint, `${namesOf(blueprint.session).base}-target-0`)

describe("whoever asks", () => {
  test.each([
    ["may get none", "nora", ["a/k"], "nora may not get secret unlock-rights/a"],
    ["may get the first only", "kim", ["a/k", "d/k"], "kim may not get secret unlock-rights/d"],
    ["may get three of four", "kim", ["a/k", "b/k", "c/k", "d/k"], "kim may not get secret unlock-rights/d"],
  ])("%s: refused with the missing right", async (_, name, unlock, words) => {
    const refusal = await as(name).tries("create", session("tried", unlock))
    expect(refusal).toContain(words)
    expect(refusal).toContain("needs the right to get each Secret of its spec.unlock")
  })

  test.each([
    ["may get each", "kim", ["a/k", "a/l", "b/k", "c/k"]],
    ["has no key", "nora", []],
  ])("%s: admitted", async (_, name, unlock) => {
    expect(await as(name).tries("create", session("tried", unlock))).toBe("")
  })

  test("may unmount a session whose Secrets they may not get, but not prolong it", async () => {
    await cluster.apply(session("someones", ["a/k"], { ttl: "1m" }))
    const patch = (spec: object) =>
      as("nora").does(["patch", "frsess", "someones", "-n", namespace, "--type=merge", "-p", JSON.stringify({ spec })])
    expect(await patch({ ttl: "2h" })).toContain("nora may not get secret unlock-rights/a")
    expect(await patch({ desiredState: "Unmounted" })).toBe("")
    await cluster.kubectl(["delete", "frsess", "someones", "-n", namespace])
  })
})

interface Spec {
  volumes: { name: string; secret?: object }[]
  containers: { args: string[]; volumeMounts: { name: string; mountPath: string }[] }[]
}

/** The restore pod with something else about the keys it mounts. */
function changed(change: (spec: Spec, pod: Manifest) => void, pod = restorePod(blueprint)): Manifest {
  const copy = structuredClone(pod)
  change(copy["spec"] as Spec, copy)
  return copy
}

const unlock0 = ({ volumes }: Spec) => volumes.find(({ name }) => name === "unlock0") ?? { name: "" }
const mount0 = ({ containers }: Spec) =>
  containers[0]?.volumeMounts.find(({ name }) => name === "unlock0") ?? { name: "", mountPath: "" }

describe("the operator", () => {
  test("mounts what the session names", async () => {
    expect(await operator.tries("create", restorePod(blueprint))).toBe("")
  })

  test.each<[string, () => Manifest, string | RegExp]>([
    [
      "a Secret that the session doesn't name",
      () => restorePod({ ...blueprint, unlock: secretsOf("app-db/password") }),
      "may not mount app-db/password in a pod of session unlock-rights/orders",
    ],
    [
      "another key of a Secret that it names",
      () => restorePod({ ...blueprint, unlock: secretsOf("disk-keys/root", "disk-keys/other") }),
      "may not mount disk-keys/other",
    ],
    [
      "a Secret that another session names",
      () => restorePod({ ...blueprint, unlock: secretsOf("theirs/key") }),
      "may not mount theirs/key",
    ],
    ["a Secret as a whole", () => changed((spec) => (unlock0(spec).secret = whole)), eitherPolicy],
    ["two keys at once", () => changed((spec) => (unlock0(spec).secret = both)), eitherPolicy],
    ["a key that must be there", () => changed((spec) => (unlock0(spec).secret = needed)), "single keys of others"],
    ["a Secret under another name", () => changed(renamed), "as volumes unlock0 to unlock3"],
    [
      "a key without the label",
      () => changed((_, { metadata }) => delete metadata.labels?.["filerecovery.dev/unlock"]),
      "with the label filerecovery.dev/unlock",
    ],
    ["a key elsewhere", () => changed((spec) => (mount0(spec).mountPath = "/overlay")), "at /etc/frsess-unlock"],
    [
      "another volume in a key's place",
      () =>
        changed((spec) => spec.containers[1]?.volumeMounts.push({ name: "guest", mountPath: mount0(spec).mountPath })),
      "at /etc/frsess-unlock",
    ],
    [
      "a key for the guest's container",
      () => changed((spec) => spec.containers[1]?.volumeMounts.push(mount0(spec))),
      "in the container that runs restore.mjs files",
    ],
    [
      "a key that an argument names",
      () => changed((spec) => spec.containers[0]?.args.push("--secrets", "/etc/./frsess-unlock/0")),
      "whose arguments don't name that place",
    ],
    ["a key for the target", () => changed(withKey, targetPod()), "restore.mjs files"],
  ])("%s: refused", async (_, make, words) => {
    expect(await operator.tries("create", make())).toMatch(words)
  })
})

/** Both refuse it; which one is told is the API server's choice. */
const eitherPolicy = /single keys of others|its spec.unlock does not name it/
const secretName = "disk-keys"
const root = { key: "root", path: "key" }
const whole = { secretName, optional: true }
const both = { ...whole, items: [root, { key: "data", path: "data" }] }
const needed = { secretName, items: [root] }

function renamed(spec: Spec): void {
  mount0(spec).name = "secrets2"
  unlock0(spec).name = "secrets2"
}

function withKey({ volumes, containers }: Spec, { metadata }: Manifest): void {
  metadata.labels = { ...metadata.labels, "filerecovery.dev/unlock": "true" }
  volumes.push({ name: "unlock0", secret: { ...whole, items: [root] } })
  containers[0]?.volumeMounts.push({ name: "unlock0", mountPath: "/etc/frsess-unlock/0" })
}
