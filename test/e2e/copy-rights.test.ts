import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { copySpec, type CopySpecInput, type FileRecoveryCopy } from "../../src/api/copy.ts"
import type { Blueprint } from "../../src/children/blueprint.ts"
import { copyNames, type CopyRef, ownSessionManifest } from "../../src/children/copy.ts"
import { copyPodManifest, copyPolicyManifests } from "../../src/children/copy-pod.ts"
import type { Manifest } from "../../src/children/manifest.ts"
import { callerOf, type Caller } from "../support/caller.ts"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { installChart } from "../support/install.ts"
import { blueprintOf, installedSettings, operatorAccount } from "../support/installation.ts"
import { removeNamespaces } from "../support/shop.ts"
import { waitFor } from "../support/wait.ts"

/** Who may have files copied into a claim, and what the operator's account may make for that. */
const namespace = "copy-rights"
const source: CopySpecInput["source"] = { volumeSnapshots: [{ name: "no-such" }] }
const spec = (more: Partial<CopySpecInput>): CopySpecInput => ({
  paths: [{ volume: "data", path: "/" }],
  destination: { persistentVolumeClaim: { name: "restored" } },
  ...more,
})
const copy = (name: string, more: Partial<CopySpecInput>) => ({
  apiVersion: "filerecovery.dev/v1alpha1",
  kind: "FileRecoveryCopy",
  metadata: { name, namespace },
  spec: spec(more),
})
const unlock = [{ secretRef: { name: "luks", key: "key" } }]

let cluster: Cluster
let operator: Caller
let blueprint: Blueprint
let ref: CopyRef
const as = (name: string) => callerOf(cluster, name)

/** A user who may create copies, and what else is said. */
function user(name: string, ...more: { apiGroups?: string[]; resources: string[]; verbs: string[] }[]): object[] {
  const copies = { apiGroups: ["filerecovery.dev"], resources: ["filerecoverycopies"], verbs: ["*"] }
  const rules = [copies, ...more.map((rule) => ({ apiGroups: [""], ...rule }))]
  const apiVersion = "rbac.authorization.k8s.io/v1"
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name }
  return [
    { apiVersion, kind: "Role", metadata: { name, namespace }, rules },
    { apiVersion, kind: "RoleBinding", metadata: { name, namespace }, roleRef, subjects: [{ kind: "User", name }] },
  ]
}
const pods = { resources: ["pods"], verbs: ["create"] }
const claims = { resources: ["persistentvolumeclaims"], verbs: ["create"] }
const snapshots = { apiGroups: ["snapshot.storage.k8s.io"], resources: ["volumesnapshots"], verbs: ["get"] }
const secrets = { resources: ["secrets"], verbs: ["get"] }

beforeAll(async () => {
  cluster = await openCluster()
  operator = callerOf(cluster, operatorAccount)
  await installChart(cluster)
  await cluster.apply(
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    ...user("nora"),
    ...user("paul", pods),
    ...user("kim", pods, claims, snapshots),
    ...user("rosa", pods, secrets),
    copy("restore", { source }),
  )
  const made = await cluster.get<FileRecoveryCopy>("frcopy", "restore", namespace)
  ref = { namespace, name: "restore", uid: made?.metadata.uid ?? "" }
  blueprint = blueprintOf(await installedSettings(cluster), namespace)
  const refused = async () =>
    (await operator.tries("create", pod({ destination: claim("other") }))).includes("another destination")
  await waitFor("the policies to be in force, and to know the copy", refused, { seconds: 60 })
})

afterAll(async () => {
  await removeNamespaces(cluster, namespace)
})

const claim = (name: string): CopySpecInput["destination"] => ({ persistentVolumeClaim: { name } })
const pod = (more: Partial<CopySpecInput> = {}): Manifest =>
  copyPodManifest(blueprint, ref, copySpec.parse(spec({ source, ...more })), {
    name: copyNames(blueprint.session, ref).pod(0),
    host: "10.0.0.1",
    lostPods: 0,
  })
const session = (more: Partial<CopySpecInput> = {}): Manifest =>
  ownSessionManifest(ref, copySpec.parse(spec({ source, ...more })), blueprint.installation.instance)

describe("whoever asks", () => {
  test.each<[string, string, Partial<CopySpecInput>, string]>([
    ["may not create pods", "nora", { session: { name: "orders" } }, "nora may not create pods"],
    ["may not create claims", "paul", { source }, "paul may not create persistentvolumeclaims"],
    ["may not read Secrets", "kim", { session: { name: "orders" } }, "kim may not get secrets"],
    ["may not get a key", "kim", { source, unlock }, "kim may not get secret copy-rights/luks"],
    [
      "may not end the session",
      "rosa",
      { session: { name: "orders", close: true } },
      "rosa may not update filerecoverysessions copy-rights/orders",
    ],
  ])("%s: refused with the missing right", async (_, name, more, words) => {
    expect(await as(name).tries("create", copy("tried", more))).toContain(words)
  })

  test.each<[string, string, Partial<CopySpecInput>]>([
    ["could restore the disk", "kim", { source }],
    ["could read the session's files", "rosa", { session: { name: "orders" } }],
  ])("%s: admitted", async (_, name, more) => {
    expect(await as(name).tries("create", copy("tried", more))).toBe("")
  })

  test("may not say what became of it", async () => {
    const status = JSON.stringify({ status: { phase: "Complete" } })
    const patch = ["patch", "frcopy", "restore", "-n", namespace, "--subresource=status", "--type=merge", "-p", status]
    expect(await callerOf(cluster).does(patch)).toContain("may not write the status")
  })
})

interface Spec {
  volumes: { name: string; persistentVolumeClaim?: { claimName: string }; secret?: object }[]
  containers: { command: string[]; securityContext: object; volumeMounts: { name: string; mountPath: string }[] }[]
}

function changed(change: (spec: Spec, pod: Manifest) => void): Manifest {
  const other = structuredClone(pod())
  change(other["spec"] as Spec, other)
  return other
}

const capable = (containers: Spec["containers"], ...add: string[]) =>
  Object.assign(containers[0]?.securityContext ?? {}, { capabilities: { drop: ["ALL"], add } })

describe("the operator, for a copy that keeps owners", () => {
  const owners: Partial<CopySpecInput> = { source, preserve: ["Owner"] }
  let own: () => Manifest

  beforeAll(async () => {
    await cluster.apply(copy("owners", owners))
    const made = await cluster.get<FileRecoveryCopy>("frcopy", "owners", namespace)
    const ref = { namespace, name: "owners", uid: made?.metadata.uid ?? "" }
    const where = { name: copyNames(blueprint.session, ref).pod(0), host: "10.0.0.1", lostPods: 0 }
    own = () => copyPodManifest(blueprint, ref, copySpec.parse(spec(owners)), where)
    const known = async () => (await operator.tries("create", own())) === ""
    await waitFor("the policies to know the copy", known, { seconds: 60 })
  })

  test("root, with rights over files and no others", async () => {
    const more = own()
    capable((more["spec"] as Spec).containers, "CHOWN", "SYS_ADMIN")
    expect(await operator.tries("create", more)).toContain("Pod Security restricted")
  })

  test("not where Pod Security is restricted: the copy would say PodRefused", async () => {
    const label = "pod-security.kubernetes.io/enforce"
    await cluster.kubectl(["label", "namespace", namespace, `${label}=restricted`])
    expect(await operator.tries("create", own())).toContain("violates PodSecurity")
    await cluster.kubectl(["label", "--overwrite", "namespace", namespace, `${label}=baseline`])
    expect(await operator.tries("create", own())).toBe("")
  })
})

describe("the operator", () => {
  test("makes what the copy asks for", async () => {
    expect(await operator.tries("create", pod())).toBe("")
    // the operator itself may have made it by now; whether it is there is looked at after what may be there
    expect(await operator.tries("create", session())).toMatch(/^$|AlreadyExists/)
    for (const policy of copyPolicyManifests(blueprint, ref)) expect(await operator.tries("create", policy)).toBe("")
  })

  test.each<[string, () => Manifest, string]>([
    ["a claim that the copy doesn't name", () => pod({ destination: claim("other") }), "another destination"],
    [
      "a claim without a copy",
      () => changed((_, { metadata }) => delete metadata.labels?.["filerecovery.dev/copy-uid"]),
      "of a copy",
    ],
    [
      "a claim for another program",
      () => changed(({ containers }) => containers[0]?.command.splice(3, 1, "/app/target.mjs")),
      "of a copy",
    ],
    [
      "a claim elsewhere",
      () => changed(({ containers }) => Object.assign(containers[0]?.volumeMounts[1] ?? {}, { mountPath: "/overlay" })),
      "at /destination",
    ],
    [
      "more than a Secret and the claim",
      () => changed(({ volumes }) => volumes.push({ name: "more", secret: { secretName: "frsess-x-target" } })),
      "of a copy",
    ],
    ["root, which the copy doesn't ask for", () => pod({ preserve: ["Owner"] }), "does not ask to preserve owners"],
    ["a capability", () => changed(({ containers }) => capable(containers, "CHOWN")), "Pod Security restricted"],
    [
      "a session of another source",
      () => session({ source: { volumeSnapshots: [{ name: "other" }] } }),
      "not what the copy asks for",
    ],
    ["a session with keys that the copy doesn't name", () => session({ unlock }), "not what the copy asks for"],
  ])("%s: refused", async (_, make, words) => {
    expect(await operator.tries("create", make())).toContain(words)
  })
})
