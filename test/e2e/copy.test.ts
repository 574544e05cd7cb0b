import { afterAll, afterEach, beforeAll, expect, test } from "vitest"
import type { CopySpecInput } from "../../src/api/copy.ts"
import type { CopyStatus } from "../../src/api/copy-status.ts"
import { type Cluster, openCluster, repository } from "../support/cluster.ts"
import { filesystemClaim, inPod } from "../support/filesystem-claim.ts"
import { installChart } from "../support/install.ts"
import { type Inventory, takeInventory } from "../support/inventory.ts"
import { nothingLeft } from "../support/nothing-left.ts"
import { run, type RunOptions } from "../support/run.ts"
import * as shop from "../support/shop.ts"
import { takeSnapshots } from "../support/snapshot.ts"
import { waitFor } from "../support/wait.ts"

/** Copies into a claim on the real cluster: one object is applied, and the files are there. */
const namespace = "e2e-copy"
let cluster: Cluster
let before: Inventory
let written: string

interface Copy {
  status?: CopyStatus
}

const securityContext = { runAsUser: 1000, fsGroup: 1000 }
const copy = (name: string, spec: Partial<CopySpecInput> & { directory?: string } = {}) => {
  const { directory = "/", ...more } = spec
  return {
    apiVersion: "filerecovery.dev/v1alpha1",
    kind: "FileRecoveryCopy",
    metadata: { name, namespace },
    spec: {
      source: { persistentVolumeClaims: [{ name: "data" }] },
      paths: [{ volume: "data", path: "/tree" }],
      destination: { persistentVolumeClaim: { name: "restored" }, directory, securityContext },
      ...more,
    },
  }
}
const status = async (name: string) => (await cluster.get<Copy>("frcopy", name, namespace))?.status
const onNode = (command: string[], options?: RunOptions) =>
  run(`${repository}test/cluster/cluster`, ["exec", "n1", ...command], options)
/** A copy that fails instead is told with its status, at once. */
const completes = async (name: string) => {
  const over = async () => {
    const now = await status(name)
    return now && ["Complete", "Failed"].includes(now.phase ?? "") && now
  }
  const describe = async () => JSON.stringify(await status(name))
  const ended = await waitFor(`copy ${name} to end`, over, { seconds: 240, describe })
  expect(ended, JSON.stringify(ended)).toMatchObject({ phase: "Complete" })
}
const hashes = (directory = "/data") =>
  inPod(cluster, namespace, "restored", `cd ${directory}; find tree -type f -print0 | sort -z | xargs -0 sha256sum`)

beforeAll(async () => {
  cluster = await openCluster()
  await installChart(cluster)
  await shop.makeNamespace(cluster, namespace)
  await cluster.apply(filesystemClaim(namespace, "data"), filesystemClaim(namespace, "restored"))
  const write = [
    "mkdir -p tree/deep/er",
    "for n in $(seq 200); do head -c $((n * 100)) /dev/urandom > tree/deep/f$n; done",
    "head -c 40M /dev/urandom > tree/large",
    "setfattr -n user.note -v kept tree/large",
    "setfacl -m u:1234:r tree/large",
    "printf x > \"tree/$(printf 'odd\\\\377\\\\n name')\"",
    "find tree -type f -print0 | sort -z | xargs -0 sha256sum",
  ]
  written = await inPod(cluster, namespace, "data", write.join("; "))
  await takeSnapshots(cluster, namespace, [{ claim: "data", name: "nightly" }])
  await inPod(cluster, namespace, "restored", "true") // its volume is made for the first pod that mounts it
  before = await takeInventory(cluster)
})

afterEach(async () => {
  await cluster.kubectl(["delete", "frcopy", "--all", "-n", namespace, "--timeout=90s"])
})

afterAll(async () => {
  await shop.removeNamespaces(cluster, namespace)
})

test("one object is applied, and the files are in the claim; nothing is left", async () => {
  await cluster.apply(copy("restore"))
  await completes("restore")
  expect(await status("restore")).toMatchObject({ phase: "Complete", files: 202, failed: 0 })
  expect((await cluster.kubectl(["get", "frsess", "-n", namespace, "-o", "name"])).stdout).toBe("")
  expect((await cluster.kubectl(["get", "frcopy", "-n", namespace])).stdout).toMatch(
    /^NAME +PHASE +FILES +BYTES +FAILED +AGE\nrestore +Complete +202 +\d+ +0 +\S+\n$/,
  )
  await nothingLeft(cluster, before, /^FileRecoveryCopy /)
  expect(await hashes()).toBe(written)
  expect(await inPod(cluster, namespace, "restored", "find . -name '.filerecovery*'; stat -c %u tree/large")).toBe(
    "1000\n",
  )
})

test("what is there already is left out, or written beside it", async () => {
  await cluster.apply(copy("skip", { conflict: "Skip" }))
  await completes("skip")
  expect(await status("skip")).toMatchObject({ files: 0, skipped: 202 })
  await cluster.apply(
    copy("rename", { conflict: "Rename", paths: [{ volume: "data", path: "/tree/deep/f1" }], directory: "/tree/deep" }),
  )
  await completes("rename")
  expect(await inPod(cluster, namespace, "restored", "cmp tree/deep/f1 tree/deep/f1.recovered && echo equal")).toBe(
    "equal\n",
  )
  await cluster.apply(copy("fail"))
  await cluster.kubectl(["wait", "-n", namespace, "--for=condition=Failed", "frcopy/fail", "--timeout=240s"])
  expect((await status("fail"))?.failures?.[0]).toMatchObject({ reason: "DestinationExists" })
})

test.each([
  ["is killed midway", "killed", false],
  ["is deleted after it had copied all, before its node told that,", "unheard", true],
])("a pod that %s is followed by one that goes on", async (_, name, isUnheard) => {
  await inPod(cluster, namespace, "restored", "rm -rf again") // the claim has room for two
  await cluster.apply(copy(name, { directory: "/again" }))
  const pod = await waitFor("the pod", async () => (await status(name))?.podName, { seconds: 180, everyMs: 200 })
  const runs = async () =>
    (await cluster.get<{ status?: { phase?: string } }>("pod", pod, namespace))?.status?.phase === "Running"
  const copies = async () => (await onNode(["pgrep", "-f", "/app/copy.mjs"], { accept: [0, 1] })).code === 0
  await waitFor("it to run", runs, { seconds: 60, everyMs: 100 })
  try {
    if (isUnheard) await onNode(["pkill", "-STOP", "-x", "kubelet"])
    if (isUnheard) await waitFor("its end", async () => !(await copies()), { seconds: 60, everyMs: 100 })
    await cluster.kubectl(["delete", "pod", pod, "-n", namespace, "--grace-period=0", "--force"])
  } finally {
    if (isUnheard) await onNode(["pkill", "-CONT", "-x", "kubelet"])
  }
  await completes(name)
  expect(await status(name)).toMatchObject({ files: 202, failed: 0, lostPods: 1 })
  expect(await hashes("/data/again")).toBe(written)
  await nothingLeft(cluster, before, /^FileRecoveryCopy /)
})

test("owners and attributes are kept where the namespace allows baseline; where it doesn't, the copy says so and waits", async () => {
  const label = "pod-security.kubernetes.io/enforce"
  const enforce = (level: string) => cluster.kubectl(["label", "--overwrite", "ns", namespace, `${label}${level}`])
  const destination = { persistentVolumeClaim: { name: "restored" }, directory: "/owners" }
  await inPod(cluster, namespace, "restored", "rm -rf tree again") // the claim has room for two
  await enforce("=restricted")
  try {
    await cluster.apply(copy("owners", { preserve: ["Owner", "Attributes"], destination }))
    const refused = async () =>
      (await status("owners"))?.conditions?.find(({ type, reason }) => type === "Complete" && reason === "PodRefused")
    const { message } = await waitFor("the refusal", refused, { seconds: 180 })
    expect(message).toContain("have the namespace allow Pod Security baseline")
    await enforce("=baseline")
    await completes("owners")
    expect(await status("owners")).toMatchObject({ files: 202, failed: 0 })
  } finally {
    await enforce("-")
  }
  // written by user 1000 there; the directory that was made for it is nobody's but root's
  const look = [
    "stat -c %u owners owners/tree owners/tree/large",
    "getfattr --only-values -n user.note owners/tree/large",
    "getfacl -cn owners/tree/large | grep 1234",
  ]
  expect(await inPod(cluster, namespace, "restored", look.join("; "))).toBe("0\n1000\n1000\nkeptuser:1234:r--\n")
  expect(await hashes("/data/owners")).toBe(written)
})
