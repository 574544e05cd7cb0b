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

/** What a stolen token of the operator's account can run: our programs as they are, and nothing else. */
const namespace = "operator-pods"
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
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "builder", namespace } },
  )
  await waitFor("the policies to be in force", () => operator.tries("create", pod({}, { image: "x" })), { seconds: 30 })
})

afterAll(async () => {
  await removeNamespaces(cluster, namespace)
})

const pods = (): Record<"target" | "restore", Manifest> => ({
  target: targetPodManifest(blueprint, `${namesOf(blueprint.session).base}-target-0`),
  restore: restorePodManifest(blueprint, `${namesOf(blueprint.session).base}-restore-0`, "10.0.0.1"),
})
/** The target pod with other values in its spec, and in its container. */
const pod = (spec: object, container: object = {}): object => {
  const { target } = pods()
  const before = target["spec"] as { containers: object[] }
  return { ...target, spec: { ...before, containers: [{ ...before.containers[0], ...container }], ...spec } }
}
const withVolume = (source: object): object => {
  const { volumes } = pods().target["spec"] as { volumes: object[] }
  return pod({ volumes: [...volumes, { name: "extra", ...source }] })
}
/** The target pod with more in the pod's security context. */
const secured = (more: object): object => {
  const { securityContext } = pods().target["spec"] as { securityContext: object }
  return pod({ securityContext: { ...securityContext, ...more } })
}
/** The target pod with more in its container's security context. */
const contained = (more: object): object => {
  const { containers } = pods().target["spec"] as { containers: { securityContext: object }[] }
  return pod({}, { securityContext: { ...containers[0]?.securityContext, ...more } })
}
/** The restore pod with all of /proc: the API server allows it only with users of its own, and those no block devices. */
const unmasked = (): object => {
  const { restore } = pods()
  const spec = restore["spec"] as { containers: { securityContext: object }[] }
  const containers = spec.containers.map((one) => ({
    ...one,
    securityContext: { ...one.securityContext, procMount: "Unmasked" },
  }))
  return { ...restore, spec: { ...spec, hostUsers: false, containers } }
}
const annotated = (annotations: object): object => ({
  ...pods().target,
  metadata: { ...pods().target.metadata, annotations },
})
const withVariable = (name: string): object => pod({}, { env: [{ name, value: "x" }] })

test("the restore pod of four recovery points: admitted", async () => {
  const points = [1, 2, 3, 4].map((day) => `2026-11-0${day}T03:00:00Z`)
  const name = `${namesOf(blueprint.session).base}-restore-0`
  expect(await operator.tries("create", restorePodManifest({ ...blueprint, points }, name, "10.0.0.1"))).toBe("")
})

describe("what a cluster adds to pods", () => {
  test.each<[string, () => object]>([
    ["a SELinux level", () => secured({ seLinuxOptions: { level: "s0:c26,c5" } })],
    ["the runtime's AppArmor profile", () => secured({ appArmorProfile: { type: "RuntimeDefault" } })],
    ["annotations", () => annotated({ "k8s.v1.cni.cncf.io/networks": "[]" })],
    ["a variable", () => withVariable("TZ")],
  ])("%s: admitted", async (_, make) => {
    expect(await operator.tries("create", make())).toBe("")
  })
})

test.each<[string, () => object, string]>([
  ["another image", () => pod({}, { image: "localhost/tools:dev" }), "may only run its engine image"],
  ["another image to prepare", () => pod({ initContainers: [{ name: "i", image: "x" }] }), "may only run its engine"],
  ["Secret app-db as volume", () => withVolume({ secret: { secretName: "app-db" } }), "that mount Secrets frsess-*"],
  [
    "a foreign claim",
    () => withVolume({ persistentVolumeClaim: { claimName: "data", readOnly: true } }),
    "as volume destination of a copy",
  ],
  [
    "its claim, writable",
    () => withVolume({ persistentVolumeClaim: { claimName: blueprint.disks[0]?.claim } }),
    "mounted read-only",
  ],
  ["a directory of the node", () => withVolume({ hostPath: { path: "/" } }), "whose volumes are"],
  [
    "a projected token",
    () => withVolume({ projected: { sources: [{ serviceAccountToken: { path: "t" } }] } }),
    "whose volumes are",
  ],
  ["Secret app-db as envFrom", () => pod({}, { envFrom: [{ secretRef: { name: "app-db" } }] }), "environment"],
  [
    "Secret app-db as env",
    () => pod({}, { env: [{ name: "P", valueFrom: { secretKeyRef: { name: "app-db", key: "p" } } }] }),
    "environment",
  ],
  ["a token", () => pod({ automountServiceAccountToken: true }), "without a service account token"],
  ["another account", () => pod({ serviceAccountName: "builder" }), "without a service account token"],
  ["the node's network", () => pod({ hostNetwork: true }), "of the node"],
  ["the node's processes", () => pod({ hostPID: true }), "of the node"],
  ["a port of the node", () => pod({}, { ports: [{ containerPort: 1, hostPort: 1 }] }), "of the node"],
  ["privileges", () => pod({}, { securityContext: { privileged: true } }), "Pod Security restricted"],
  ["root", () => pod({ securityContext: { runAsUser: 0 } }), "Pod Security restricted"],
  ["an unmasked /proc", () => unmasked(), "no procMount"],
  ["a SELinux type of its own", () => contained({ seLinuxOptions: { type: "spc_t" } }), "SELinux"],
  ["a SELinux user of its own, for all", () => secured({ seLinuxOptions: { user: "system_u" } }), "SELinux"],
  ["no AppArmor", () => secured({ appArmorProfile: { type: "Unconfined" } }), "unconfined AppArmor"],
  [
    "no AppArmor, by annotation",
    () => annotated({ "container.apparmor.security.beta.kubernetes.io/target": "unconfined" }),
    "unconfined AppArmor",
  ],
  ["sysctls", () => secured({ sysctls: [{ name: "net.ipv4.tcp_syncookies", value: "0" }] }), "sysctls"],
  ["a node it chose", () => pod({ nodeName: "n1" }), "choose their node"],
  ["one process list for all", () => pod({ shareProcessNamespace: true }), "or processes"],
  ["a shell", () => pod({}, { command: ["sh", "-c"], args: ["id"] }), "/app/target.mjs, /app/restore.mjs or"],
  [
    "code as argument",
    () => pod({}, { command: ["tini", "--", "node", "-e"], args: ["1"] }),
    "/app/target.mjs, /app/restore.mjs or",
  ],
  [
    "another program",
    () => pod({}, { command: ["tini", "--", "node", "/app/operator.mjs"] }),
    "/app/target.mjs, /app/restore.mjs or",
  ],
  ["no init", () => pod({}, { command: ["node", "/app/target.mjs"] }), "/app/target.mjs, /app/restore.mjs or"],
  [
    "options before the program",
    () => pod({}, { command: ["tini", "--", "node", "/app/target.mjs", "x"] }),
    "/app/target.mjs, /app/restore.mjs or",
  ],
  ["the image's own command", () => pod({}, { command: [] }), "/app/target.mjs, /app/restore.mjs or"],
  ["a hook", () => pod({}, { lifecycle: { postStart: { exec: { command: ["id"] } } } }), "without hooks, probes"],
  ["a probe", () => pod({}, { livenessProbe: { exec: { command: ["id"] } } }), "without hooks, probes"],
  ["node's options in the environment", () => withVariable("NODE_OPTIONS"), "changes what node loads"],
  ["another search path", () => withVariable("PATH"), "changes what node loads"],
  [
    "the sockets of a fifth guest",
    () => pod({}, { volumeMounts: [{ name: "secrets", mountPath: "/run/guest/5" }] }),
    "mount volumes at",
  ],
  [
    "its Secret laid over the program",
    () => pod({}, { volumeMounts: [{ name: "secrets", mountPath: "/app" }] }),
    "mount volumes at",
  ],
  [
    "its disk laid over the program",
    () => pod({}, { volumeDevices: [{ name: "disk0", devicePath: "/app/target.mjs" }] }),
    "mount volumes at",
  ],
  [
    "another name",
    () => ({ ...pods().target, metadata: { ...pods().target.metadata, name: "app" } }),
    "named frsess-*",
  ],
  ["no labels", () => ({ ...pods().target, metadata: { name: "frsess-x", namespace } }), "carry its instance's"],
])("a pod with %s: refused", async (_, make, words) => {
  expect(await operator.tries("create", make())).toContain(words)
})
