import { beforeAll, describe, expect, test } from "vitest"
import { type Cluster, openCluster, repository } from "../support/cluster.ts"
import { installChart, operatorNamespace, scaleOperator } from "../support/install.ts"
import { installedSettings, operatorAccount } from "../support/installation.ts"
import { added, type Inventory, takeInventory } from "../support/inventory.ts"
import { run } from "../support/run.ts"
import { waitFor } from "../support/wait.ts"

/** The life of an installation: from nothing, through an upgrade, to nothing. Takes down one that is there already. */
let cluster: Cluster
let before: Inventory

const helm = (...args: string[]) => run("helm", args, { env: cluster.env, accept: undefined })
const names = async (kind: string): Promise<string[]> =>
  (await cluster.kubectl(["get", kind, "-n", operatorNamespace, "-o", "name"])).stdout.split("\n").filter(Boolean)
const uid = async (kind: string, name: string): Promise<string | undefined> =>
  (await cluster.get<{ metadata: { uid: string } }>(kind, name, operatorNamespace))?.metadata.uid
/** What docs/install.md says for taking everything away; uninstalling unmounts the sessions, others' tests may have left some. */
const removeAll = async (): Promise<void> => {
  await helm("uninstall", "file-recovery", "--namespace", operatorNamespace, "--ignore-not-found", "--wait")
  await cluster.kubectl(["delete", "--ignore-not-found", "-f", `${repository}charts/file-recovery-operator/crds`])
  await cluster.kubectl(["delete", "namespace", operatorNamespace, "--ignore-not-found"])
}

beforeAll(async () => {
  cluster = await openCluster()
  await removeAll()
  before = await takeInventory(cluster)
})

describe("installed from nothing", () => {
  beforeAll(() => installChart(cluster))

  test("two operators are ready in a namespace that enforces restricted, one leads", async () => {
    const ready = '{range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{end}'
    const { stdout } = await cluster.kubectl(["get", "pods", "-n", operatorNamespace, "-o", `jsonpath=${ready}`])
    expect(stdout).toBe("TrueTrue")
    const holder = async () =>
      (await cluster.get<{ spec: { holderIdentity?: string } }>("lease", "file-recovery", operatorNamespace))?.spec
        .holderIdentity
    expect(await waitFor("a leader", holder, { seconds: 30 })).toMatch(/^file-recovery-/)
  })

  test("the operator understands its settings", async () => {
    const settings = await installedSettings(cluster)
    expect(settings).toMatchObject({ instance: "file-recovery", maxTtl: 12 * 3_600_000, diskGroup: 6 })
    expect(settings.resources.guest.limits).toEqual({ memory: "1216Mi" })
  })

  test("nothing of the hooks is left but the authority", async () => {
    const left = [...(await names("serviceaccounts,roles,rolebindings,clusterroles,jobs,configmaps,secrets"))]
    expect(left.filter((name) => /init-authority|release-all/.test(name))).toEqual([])
    const secret = await cluster.get<{ data: object }>("secret", "file-recovery-authority", operatorNamespace)
    expect(Object.keys(secret?.data ?? {}).sort()).toEqual(["ca.crt", "ca.key", "master.key"])
  })

  test("the operator's account has the rights of docs/install.md and no others", async () => {
    const { stdout } = await cluster.kubectl(["auth", "can-i", "--list", "-n", "default", "--as", operatorAccount])
    const rights = stdout
      .split("\n")
      .slice(1)
      .map((line) => line.replace(/\[\]/g, "").replace(/\s+/g, " ").trim())
      .filter((line) => line !== "" && !/^(\[\/|self|clustertrustbundles)/.test(line))
    expect(rights.sort()).toEqual(expectedRights)
  })

  test("every policy is bound, and its expressions type-check", async () => {
    interface Policy {
      metadata: { name: string }
      status?: { typeChecking?: { expressionWarnings?: object[] } }
    }
    const { policies } = await installedSettings(cluster)
    for (const name of policies.names) {
      const full = `${policies.prefix}${name}`
      const checked = async () =>
        (await cluster.get<Policy>("validatingadmissionpolicy", full))?.status?.typeChecking ?? false
      expect((await waitFor(`${full} to be checked`, checked, { seconds: 30 })).expressionWarnings).toBeUndefined()
      const binding = await cluster.get<{ spec: object }>("validatingadmissionpolicybinding", full)
      expect(binding?.spec).toMatchObject({ policyName: full, validationActions: ["Deny"] })
    }
  })

  test("installed once more: nothing is done; what somebody changed by hand is put right", async () => {
    const revision = async () => {
      const { stdout } = await helm("status", "file-recovery", "--namespace", operatorNamespace, "-o", "json")
      return (JSON.parse(stdout) as { version: number }).version
    }
    await installChart(cluster)
    expect(await revision()).toBe(1)
    await scaleOperator(cluster, 1)
    await cluster.kubectl(["delete", "validatingadmissionpolicybinding", "file-recovery-exec"])
    await installChart(cluster)
    expect(await revision()).toBe(2)
    const deployment = await cluster.get<object>("deployment", "file-recovery", operatorNamespace)
    expect(deployment).toMatchObject({ spec: { replicas: 2 }, status: { availableReplicas: 2 } })
    expect(await uid("validatingadmissionpolicybinding", "file-recovery-exec")).toBeDefined()
  })

  test("an upgrade with a changed setting rolls the pods and keeps the authority", async () => {
    const [pods, authority] = [await names("pods"), await uid("secret", "file-recovery-authority")]
    await installChart(cluster, "logLevel=debug")
    expect((await installedSettings(cluster)).logLevel).toBe("debug")
    const rolled = async () => !(await names("pods")).some((pod) => pods.includes(pod))
    await waitFor("new pods", rolled, { seconds: 60 })
    expect(await uid("secret", "file-recovery-authority")).toBe(authority)
  })

  test("uninstalled as documented: nothing is left", async () => {
    expect(await helm("uninstall", "file-recovery", "--namespace", operatorNamespace, "--wait")).toMatchObject({
      code: 0,
    })
    expect(await uid("secret", "file-recovery-authority")).toBeUndefined()
    await removeAll()
    const left = async () => added(before, await takeInventory(cluster))
    const none = async () => (await left()).length === 0
    await waitFor("nothing to be left", none, {
      seconds: 60,
      everyMs: 2000,
      describe: async () => (await left()).join(", "),
    })
  })
})

describe("values", () => {
  test.each([
    ["a field that does not exist", "diskGrup=6", "'diskGrup' not allowed"],
    ["more than 12 hours", "maxTtl=13h", "/maxTtl"],
    ["a guest without CPUs", "guest.cpus=0", "/guest/cpus"],
    ["a digest that is none", "images.engine.digest=latest", "/images/engine/digest"],
    ["a name that belongs to sessions", "fullnameOverride=frsess-x", "must not begin with frsess-"],
  ])("%s: refused with the field", async (_, value, words) => {
    const chart = `${repository}charts/file-recovery-operator`
    const { code, stderr } = await helm("template", "x", chart, "--set", value)
    expect(code).toBe(1)
    expect(stderr).toContain(words)
  })
})

const expectedRights = [
  "csidrivers.storage.k8s.io [get]",
  "csinodes.storage.k8s.io [list]",
  ...["attachments", "copies", "sessions"].map(
    (name) => `customresourcedefinitions.apiextensions.k8s.io [filerecovery${name}.filerecovery.dev] [get]`,
  ),
  "events [list]",
  "events.events.k8s.io [create patch]",
  "filerecoveryattachments.filerecovery.dev [get list watch create delete]",
  "filerecoveryattachments.filerecovery.dev/finalizers [update]",
  "filerecoverycopies.filerecovery.dev [get list watch delete]",
  "filerecoverycopies.filerecovery.dev/status [patch]",
  "filerecoverysessions.filerecovery.dev [get list watch create patch delete]",
  "filerecoverysessions.filerecovery.dev/status [patch]",
  "networkpolicies.networking.k8s.io [get list watch create patch delete]",
  "persistentvolumeclaims [get list watch create delete]",
  "persistentvolumes [get list watch]",
  "pods [get list watch create delete]",
  "resourcequotas [list]",
  "secrets [create]",
  "services [get list watch create patch delete]",
  "storageclasses.storage.k8s.io [get list watch]",
  ...[
    "exec",
    "names",
    "operator-copies",
    "operator-deletes",
    "operator-objects",
    "operator-pods",
    "operator-unlocks",
    "references",
    "requester",
    "requester-copies",
  ].flatMap((name) => [
    `validatingadmissionpolicies.admissionregistration.k8s.io [file-recovery-${name}] [get]`,
    `validatingadmissionpolicybindings.admissionregistration.k8s.io [file-recovery-${name}] [get]`,
  ]),
  "volumesnapshotcontents.snapshot.storage.k8s.io [get list watch create delete]",
  "volumesnapshots.snapshot.storage.k8s.io [get list watch create delete]",
].sort()
