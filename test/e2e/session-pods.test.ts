import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Blueprint } from "../../src/children/blueprint.ts"
import type { Manifest } from "../../src/children/manifest.ts"
import { namesOf } from "../../src/children/names.ts"
import { restorePodManifest } from "../../src/children/restore-pod.ts"
import { targetPodManifest } from "../../src/children/target-pod.ts"
import { callerOf } from "../support/caller.ts"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { installChart } from "../support/install.ts"
import { blueprintOf, installedSettings, operatorAccount, waitingSession } from "../support/installation.ts"
import { removeNamespaces } from "../support/shop.ts"

/** Who gets into a session's pods, and who may change them. */
const namespace = "shells"
const image = "localhost/pause:1"
let cluster: Cluster
let blueprint: Blueprint
let pod: Manifest

beforeAll(async () => {
  cluster = await openCluster()
  await installChart(cluster)
  await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } })
  blueprint = blueprintOf(await installedSettings(cluster), namespace, await waitingSession(cluster, namespace))
  const target = targetPodManifest(blueprint, `${namesOf(blueprint.session).base}-target-0`)
  // never runs: its Secret and claim do not exist; nor does its owner, which the garbage collector would notice
  pod = { ...target, metadata: { ...target.metadata, ownerReferences: [] } }
})

afterAll(async () => {
  await removeNamespaces(cluster, namespace)
})

describe("pods of a session", () => {
  const users = ["edith", "admina", "otto"] as const
  const restorePod = () => `${namesOf(blueprint.session).base}-restore-0`
  const kubectl = (user: string, verb: string[], ...rest: string[]) =>
    callerOf(cluster, user).does([...verb, "-n", namespace, ...rest])
  const podName = () => pod.metadata.name

  const rbac = { apiVersion: "rbac.authorization.k8s.io/v1", metadata: { namespace } }
  const bind = (name: string, user: string, kind: string, role: string) => ({
    ...rbac,
    kind: "RoleBinding",
    metadata: { namespace, name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name: role },
    subjects: [{ kind: "User", name: user }],
  })

  beforeAll(async () => {
    const rules = [{ apiGroups: ["filerecovery.dev"], resources: ["filerecoverysessions"], verbs: ["exec"] }]
    await cluster.apply(
      bind("edith", "edith", "ClusterRole", "edit"),
      bind("admina", "admina", "ClusterRole", "admin"),
      bind("otto", "otto", "ClusterRole", "edit"),
      { ...rbac, kind: "Role", metadata: { namespace, name: "exec" }, rules },
      bind("otto-exec", "otto", "Role", "exec"),
    )
    const execs = [
      { apiGroups: [""], resources: ["pods"], verbs: ["get"] },
      { apiGroups: [""], resources: ["pods/exec"], verbs: ["get", "create"] },
    ]
    await cluster.apply(
      { ...rbac, kind: "Role", metadata: { namespace, name: "only-exec" }, rules: execs },
      bind("noah", "noah", "Role", "only-exec"),
    )
    const { metadata, spec, ...restore } = restorePodManifest(blueprint, restorePod(), "10.96.0.7")
    const nowhere = { ...(spec as object), nodeSelector: { "filerecovery.dev/nowhere": "true" } }
    for (const one of [pod, { ...restore, metadata: { ...metadata, ownerReferences: [] }, spec: nowhere }])
      await cluster.kubectl(["create", "-f", "-", "--as", operatorAccount], { input: JSON.stringify(one) })
  })

  test.each(users.filter((user) => user !== "otto"))("%s: no exec, attach, debug", async (user) => {
    const needs = "it needs the verb exec on filerecoverysessions in shells"
    expect(await kubectl(user, ["exec"], podName(), "--", "sh")).toContain(`${user} may not use exec on pod`)
    expect(await kubectl(user, ["exec"], podName(), "--", "sh")).toContain(needs)
    expect(await kubectl(user, ["attach"], podName())).toContain(needs)
  })

  test("an ephemeral container, also by the administrator of the namespace: refused", async () => {
    const ephemeralContainers = [{ name: "d", image }]
    const patch = ["--subresource=ephemeralcontainers", "-p", JSON.stringify({ spec: { ephemeralContainers } })]
    const rules = [{ apiGroups: [""], resources: ["pods/ephemeralcontainers"], verbs: ["get", "patch"] }]
    await cluster.apply(
      { ...rbac, kind: "Role", metadata: { namespace, name: "debug" }, rules },
      bind("admina-debug", "admina", "Role", "debug"),
    )
    const refusal = await kubectl("admina", ["patch", "pod"], podName(), ...patch)
    expect(refusal).toContain("admina may not use ephemeralcontainers on pod")
  })

  describe("tar and ls, which kubectl cp starts", () => {
    const refused = "may not use exec on pod"
    const exec = (user: string, pod: string, container: string, ...command: string[]) =>
      kubectl(user, ["exec"], pod, "-c", container, "--", ...command)

    test.each([["tar", "cf", "-", "/data"], ["ls"]])(
      "%s in files: by who may read the access Secret",
      async (...command) => {
        // past the policies: the pod has no node to run on
        expect(await exec("edith", restorePod(), "files", ...command)).toContain("does not have a host assigned")
        const refusal = await exec("noah", restorePod(), "files", ...command)
        expect(refusal).toContain(refused)
        expect(refusal).toContain("for tar and ls in the container files, get on the session's access Secret")
      },
    )

    test.each<[string, () => string, string, string[]]>([
      ["a shell", restorePod, "files", ["sh", "-c", "tar cf - /"]],
      ["a program of that name elsewhere", restorePod, "files", ["/tmp/tar"]],
      ["the guest's container", restorePod, "guest", ["tar", "cf", "-", "/"]],
      ["the target's pod", podName, "target", ["tar", "cf", "-", "/"]],
    ])("%s: refused", async (_, pod, container, command) => {
      expect(await exec("edith", pod(), container, ...command)).toContain(refused)
    })
  })

  test("with the verb exec: not refused by the policies", async () => {
    expect(await kubectl("otto", ["exec"], podName(), "--", "sh")).not.toContain("filerecoverysessions")
  })

  test("another image in a running pod: refused", async () => {
    const set = ["target=localhost/tools:dev"]
    expect(await kubectl("edith", ["set", "image", "pod", podName()], ...set)).toContain(
      "it belongs to a recovery session",
    )
  })

  test("another label: refused; an annotation: nobody minds; deleting: as for any pod", async () => {
    const labelled = await kubectl("edith", ["label", "pod", podName()], "filerecovery.dev/role-")
    expect(labelled).toContain("may not set or change labels filerecovery.dev/*")
    expect(await kubectl("edith", ["annotate", "pod", podName()], "note=x")).toBe("")
    expect(await kubectl("edith", ["delete", "pod", podName()], "--wait=false")).toBe("")
  })
})
