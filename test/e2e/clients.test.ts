import { afterAll, beforeAll, expect, test } from "vitest"
import type { AccessClient } from "../../src/api/clients.ts"
import { CONTROL_PORT, HTTPS_PORT, ISCSI_PORT, SFTP_PORT } from "../../src/children/ports.ts"
import { callerOf } from "../support/caller.ts"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { installChart } from "../support/install.ts"
import { waitForPhase } from "../support/live-session.ts"
import { restrictedContainer, restrictedPod } from "../support/restricted.ts"
import * as shop from "../support/shop.ts"
import { makeDisk } from "../support/small-disk.ts"
import { takeSnapshots } from "../support/snapshot.ts"
import { waitFor } from "../support/wait.ts"

/** `spec.access.clients`, as the cluster's network has it: who gets through to which port of a session's pods. */
const namespace = "e2e-clients"
const elsewhere = "e2e-clients-elsewhere"
let cluster: Cluster
let addresses: { files: string; restore: string; target: string }

const client = (name: string, where = namespace) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: where, labels: { app: name } },
  spec: {
    terminationGracePeriodSeconds: 1,
    securityContext: restrictedPod,
    containers: [
      { name: "c", image: "localhost/tools:dev", imagePullPolicy: "Never", securityContext: restrictedContainer },
    ],
  },
})
const clients = [client("audit"), client("other"), client("audit", elsewhere)]
const labelled = (app: string): AccessClient => ({ podSelector: { matchLabels: { app } } })

/** A connection that isn't made within three seconds is none: policies drop packets without a word. */
const tries = `
  const [host, ...ports] = process.argv.slice(1)
  const reaches = (port) => new Promise((resolve) => {
    const socket = require("net").connect({ host, port }).setTimeout(3000)
    const end = (reached) => { socket.destroy(); resolve(reached ? [port] : []) }
    socket.on("connect", () => end(true)).on("error", () => end(false)).on("timeout", () => end(false))
  })
  Promise.all(ports.map(reaches)).then((all) => console.log(all.flat().join(" ")))`

/** Ports that a pod reaches: the restore pod's by its Service, by its address, and the target pod's. */
async function reached(pod: string, where = namespace): Promise<string[]> {
  const from = async (address: string, ports: readonly number[]) => {
    const command = ["node", "-e", tries, address, ...ports.map(String)]
    return (await cluster.kubectl(["exec", "-n", where, pod, "--", ...command])).stdout.trim()
  }
  return Promise.all([
    from(addresses.files, [HTTPS_PORT, SFTP_PORT]),
    from(addresses.restore, [HTTPS_PORT, SFTP_PORT, CONTROL_PORT]),
    from(addresses.target, [ISCSI_PORT, CONTROL_PORT]),
  ])
}
const fileService = `${HTTPS_PORT} ${SFTP_PORT}`
const open = [fileService, fileService, ""]
const closed = ["", "", ""]

/** Policies take a moment to be in force: what is reached then. */
async function soonReached(pod: string, expected: string[], where = namespace): Promise<string[]> {
  const isIt = async () => String(await reached(pod, where)) === String(expected)
  const describe = async () => (await reached(pod, where)).join("; ")
  await waitFor(`${where}/${pod} to reach ${expected.join("; ")}`, isIt, { seconds: 60, describe })
  return reached(pod, where)
}
const change = (access: object | null) =>
  cluster.kubectl([
    "patch",
    "frsess",
    "orders",
    "-n",
    namespace,
    "--type=merge",
    "-p",
    JSON.stringify({ spec: { access } }),
  ])

beforeAll(async () => {
  cluster = await openCluster()
  await installChart(cluster)
  for (const name of [namespace, elsewhere]) await shop.makeNamespace(cluster, name)
  await makeDisk(cluster, namespace, "data", "mkdir /tmp/t; echo x > /tmp/t/x; mke2fs -q -t ext4 -d /tmp/t /dev/disk")
  await takeSnapshots(cluster, namespace, [{ claim: "data", name: "nightly" }])
  await cluster.apply(...clients, {
    apiVersion: "filerecovery.dev/v1alpha1",
    kind: "FileRecoverySession",
    metadata: { name: "orders", namespace },
    spec: { source: { persistentVolumeClaims: [{ name: "data" }] }, access: { clients: [labelled("audit")] } },
  })
  const session = await waitForPhase(cluster, { namespace, name: "orders" }, "Ready")
  for (const { metadata } of clients) {
    const pod = ["-n", metadata.namespace, `pod/${metadata.name}`]
    await cluster.kubectl(["wait", "--for=condition=Ready", "--timeout=60s", ...pod])
  }
  const { access, targets } = session.status as unknown as {
    access: { service: string; podName: string }
    targets: [{ podName: string }]
  }
  const ipOf = async (pod: string) =>
    (await cluster.get<{ status: { podIP: string } }>("pod", pod, namespace))?.status.podIP ?? ""
  addresses = {
    files: `${access.service}.${namespace}.svc`,
    restore: await ipOf(access.podName),
    target: await ipOf(targets[0].podName),
  }
})

afterAll(async () => {
  await shop.removeNamespaces(cluster, namespace, elsewhere)
})

test("a pod with the label reaches the file ports and no others; one without it, or of another namespace, none", async () => {
  expect(await soonReached("audit", open)).toEqual(open)
  expect(await reached("other")).toEqual(closed)
  expect(await reached("audit", elsewhere)).toEqual(closed)
  const curl = ["curl", "-sSkf", `https://${addresses.files}:${HTTPS_PORT}/healthz`]
  const { stdout } = await cluster.kubectl(["exec", "-n", namespace, "audit", "--", ...curl])
  expect(JSON.parse(stdout)).toEqual({ status: "ok" })
})

test("changed while the session runs: others are let in, those before are not any more", async () => {
  await change({ clients: [labelled("other")] })
  expect(await soonReached("other", open)).toEqual(open)
  expect(await soonReached("audit", closed)).toEqual(closed)
})

test("pods of another namespace, by its label", async () => {
  const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": elsewhere } }
  await change({ clients: [{ ...labelled("audit"), namespaceSelector }] })
  expect(await soonReached("audit", open, elsewhere)).toEqual(open)
  expect(await soonReached("other", closed)).toEqual(closed)
  expect(await reached("audit")).toEqual(closed)
})

test("an empty list, and none: nobody", async () => {
  await change({ clients: [] })
  expect(await soonReached("audit", closed, elsewhere)).toEqual(closed)
  await change(null)
  for (const pod of ["audit", "other"]) expect(await reached(pod)).toEqual(closed)
})

test("who may not let them in by hand, by a NetworkPolicy, may not name them", async () => {
  const rbac = { apiVersion: "rbac.authorization.k8s.io/v1" }
  const allow = (apiGroup: string, verb: string, ...resources: string[]) => ({
    apiGroups: [apiGroup],
    resources,
    verbs: [verb],
  })
  const rights = [
    allow("filerecovery.dev", "create", "filerecoverysessions"),
    allow("", "create", "pods", "persistentvolumeclaims"),
    allow("snapshot.storage.k8s.io", "get", "volumesnapshots"),
  ]
  const user = (name: string, rules: object[]) => [
    { ...rbac, kind: "Role", metadata: { name, namespace }, rules },
    {
      ...rbac,
      kind: "RoleBinding",
      metadata: { name, namespace },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
      subjects: [{ kind: "User", name }],
    },
  ]
  const policies = allow("networking.k8s.io", "create", "networkpolicies")
  await cluster.apply(...user("rita", rights), ...user("nora", [...rights, policies]))
  const session = (...clients: AccessClient[]) => ({
    apiVersion: "filerecovery.dev/v1alpha1",
    kind: "FileRecoverySession",
    metadata: { name: "more", namespace },
    spec: { source: { persistentVolumeClaims: [{ name: "data" }] }, access: { clients } },
  })
  const refusal = await callerOf(cluster, "rita").tries("create", session(labelled("audit")))
  expect(refusal).toContain(
    `rita may not create networkpolicies in ${namespace}: a recovery session with spec.access.clients`,
  )
  expect(await callerOf(cluster, "rita").tries("create", session())).toBe("")
  expect(await callerOf(cluster, "nora").tries("create", session(labelled("audit")))).toBe("")
})
