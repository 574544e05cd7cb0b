import { createHash } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { namesOf } from "../../src/children/names.ts"
import { targetPodManifest } from "../../src/children/target-pod.ts"
import type { Pod } from "../../src/kube/objects.ts"
import { callerOf } from "../support/caller.ts"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { hashFile } from "../support/hashes.ts"
import { type Calm, stayCalm } from "../support/calm.ts"
import { installChart } from "../support/install.ts"
import { blueprintOf, installedSettings, operatorAccount } from "../support/installation.ts"
import { type Inventory, takeInventory } from "../support/inventory.ts"
import { type LiveSession, waitForPhase } from "../support/live-session.ts"
import { madeFor } from "../support/made-for.ts"
import * as release from "../support/next-version.ts"
import { nothingLeft } from "../support/nothing-left.ts"
import { run } from "../support/run.ts"
import * as shop from "../support/shop.ts"
import { makeDisk } from "../support/small-disk.ts"
import { takeSnapshots } from "../support/snapshot.ts"
import { waitFor } from "../support/wait.ts"

/**
 * `helm upgrade` to another version, and `helm rollback`, under sessions that are Ready: their pods stay as they are, and
 * the other operator takes them over. The other version has images of another name, which its policies insist on, and
 * values that change the manifests of pods.
 */
const namespace = "e2e-upgrade"
const version = "9.9.9"
const values = [
  "images.operator.tag=",
  "images.engine.tag=",
  "guest.memoryMiB=640",
  "resources.target.limits.memory=640Mi",
]
const operatorImage = (tag: string) => `localhost/file-recovery-operator:${tag}`
const engineImage = (tag: string) => `localhost/file-recovery-engine:${tag}`
/** Sessions keep their summary; operators of another version are other pods, with mounts of their own. */
const kept =
  /^FileRecoverySession |^(Pod|ReplicaSet|Secret) file-recovery\/|^mount on n\d: \/(run\/(containerd|netns)\/|var\/lib\/kubelet\/pods\/\S+~projected\/)/
let cluster: Cluster
let before: Inventory
let folder: string
let chart: string

type Session = LiveSession & { status?: { expiresAt?: string; startedAt?: string; targets?: { podName: string }[] } }
const get = async (name: string) => (await cluster.get<Session>("frsess", name, namespace)) as Session
const session = (name: string) => ({
  apiVersion: "filerecovery.dev/v1alpha1",
  kind: "FileRecoverySession",
  metadata: { name, namespace },
  spec: { source: { persistentVolumeClaims: [{ name: "data" }] }, ttl: "1h" },
})
const recover = (...args: string[]) => run("kubectl-recover", [...args, "-n", namespace], { env: cluster.env })

/** The disk has files 1 to 4: each a list of numbers from its own on. Reads one and says whether it is right. */
const lastNumber = 300_000
const contentOf = (file: number) =>
  Array.from({ length: lastNumber - file + 1 }, (_, index) => `${file + index}\n`).join("")
async function reads(name: string, file: number): Promise<boolean> {
  const { volumes = [] } = (await get(name)).status ?? {}
  await recover("cp", `${name}:/${volumes[0]?.path}/${file}`, folder)
  return (await hashFile(join(folder, String(file)))) === createHash("sha256").update(contentOf(file)).digest("hex")
}

/** Has the operator do something about a session: the new end must be in its status, and both its pods told. */
async function prolong(name: string, hours: number): Promise<void> {
  const patch = JSON.stringify({ spec: { ttl: `${hours}h` } })
  await cluster.kubectl(["patch", "frsess", name, "-n", namespace, "--type=merge", "-p", patch])
  const { metadata, status } = await get(name)
  const end = Date.parse(status?.startedAt ?? "") + hours * 3_600_000
  const isEnd = (time: string | undefined) => Math.abs(Date.parse(time ?? "") - end) < 5000
  const told = async () => {
    const selector = `filerecovery.dev/session-uid=${metadata.uid}`
    const args = ["-n", namespace, "-l", selector, "--all-containers", "--prefix", "--tail=-1"]
    const { stdout } = await cluster.kubectl(["logs", ...args])
    const moved = stdout.matchAll(/^\[pod\/(\S+)\/\S+\] .*"deadline":"([^"]+)".*"deadline moved"/gm)
    const pods = new Set([...moved].filter(([, , time]) => isEnd(time)).map(([, pod]) => pod))
    return isEnd((await get(name)).status?.expiresAt) && pods.size === 2
  }
  await waitFor(`${name} to last ${hours} h, and its pods to know`, told, { seconds: 30 })
}

async function leads(tag: string): Promise<void> {
  const isLeader = async () => (await release.leaderImage(cluster)) === operatorImage(tag)
  await waitFor(`operator ${tag} to lead`, isLeader, {
    seconds: 60,
    describe: async () => `${await release.leaderImage(cluster)}`,
  })
}

/** Sessions that are Ready, before another operator comes. */
async function ready(...names: string[]): Promise<Calm> {
  for (const name of names) await waitForPhase(cluster, { namespace, name }, "Ready")
  return stayCalm(cluster, namespace, names)
}

beforeAll(async () => {
  cluster = await openCluster()
  folder = await mkdtemp(join(tmpdir(), "upgrade-"))
  await installChart(cluster)
  await shop.makeNamespace(cluster, namespace)
  const files = `for n in 1 2 3 4; do seq $n ${lastNumber} >/tmp/d/$n; done`
  await makeDisk(cluster, namespace, "data", `mkdir /tmp/d; ${files}; mkfs.ext4 -q -d /tmp/d /dev/disk`)
  await takeSnapshots(cluster, namespace, [{ claim: "data", name: "nightly" }])
  ;({ chart } = await release.makeVersion(cluster, version, folder))
  before = await takeInventory(cluster)
})

afterAll(async () => {
  await release.goOn(cluster)
  await rm(folder, { recursive: true, force: true })
  await cluster.kubectl(["delete", "namespace", namespace, "--ignore-not-found"])
  await release.forgetVersion(cluster, version)
})

test("while the old operator still leads it may start no more pods: a new session waits and says why", async () => {
  await cluster.apply(session("orders"))
  const calm = await ready("orders")
  expect(await reads("orders", 1)).toBe(true)
  const blueprint = blueprintOf(await installedSettings(cluster), namespace)
  const oldPod = targetPodManifest(blueprint, `${namesOf(blueprint.session).base}-target-0`)
  const refusal = `may only run its engine image ${engineImage(version)}`
  await release.holdRollout(cluster)
  await release.upgrade(cluster, chart, values)
  const inForce = async () => (await callerOf(cluster, operatorAccount).tries("create", oldPod)).includes(refusal)
  await waitFor("the policies of the new version to be in force", inForce, { seconds: 30 })
  await cluster.apply(session("late"))
  const told = async () => {
    const { conditions = [], phase } = (await get("late")).status ?? {}
    const ready = conditions.find(({ type }) => type === "Ready")
    return phase === "Pending" && ready?.message.includes(refusal)
  }
  const describe = async () => JSON.stringify((await get("late")).status)
  await waitFor("the new session to be told", told, { seconds: 60, describe })
  expect(await release.leaderImage(cluster)).toBe(operatorImage("dev"))
  expect(await calm.broken()).toEqual([])
})

test("the new operator takes over: sessions stay Ready, nothing of theirs is touched", async () => {
  const calm = await ready("orders")
  await release.goOn(cluster)
  await leads(version)
  await prolong("orders", 2)
  expect(await reads("orders", 2)).toBe(true)
  await waitForPhase(cluster, { namespace, name: "late" }, "Ready")
  expect(await calm.broken()).toEqual([])
})

test("a target pod that is lost is followed by one of the new version, which serves the old restore pod", async () => {
  const { metadata, status } = await get("orders")
  const target = status?.targets?.[0]?.podName ?? ""
  const made = await madeFor(cluster, namespace, metadata.uid)
  const calm = await ready("orders")
  await cluster.kubectl(["delete", "pod", target, "-n", namespace])
  const successor = target.replace(/0$/, "1")
  const recovered = async () => {
    const { conditions = [], targets } = (await get("orders")).status ?? {}
    const ready = conditions.find(({ type }) => type === "Ready")
    return targets?.[0]?.podName === successor && ready?.status === "True"
  }
  await waitFor("the session to recover", recovered, {
    seconds: 120,
    describe: async () => JSON.stringify((await get("orders")).status),
  })
  const pod = await cluster.get<Pod>("pod", successor, namespace)
  expect(pod?.spec?.containers[0]).toMatchObject({
    image: engineImage(version),
    resources: { limits: { memory: "640Mi" } },
  })
  const restore = [...made.keys()].find((key) => key.includes("-restore-0")) ?? ""
  expect((await madeFor(cluster, namespace, metadata.uid)).get(restore)).toEqual(made.get(restore))
  expect(await reads("orders", 3)).toBe(true)
  const noticed = [`Pod ${target}`, `Pod ${successor}`, "orders was Ready False"]
  expect(await calm.broken()).toEqual(expect.arrayContaining(noticed)) // what the other tests see nothing of
})

test("the old operator, rolled back to, takes over what the new one has made", async () => {
  const calm = await ready("orders", "late")
  await release.rollBack(cluster)
  await leads("dev")
  await prolong("late", 2)
  await prolong("orders", 3)
  expect([await reads("orders", 4), await reads("late", 1)]).toEqual([true, true])
  expect(await calm.broken()).toEqual([])
})

test("it releases them, and nothing is left", async () => {
  await recover("unmount", "orders")
  await recover("unmount", "late")
  const { status } = await waitForPhase(cluster, { namespace, name: "orders" }, "Unmounted")
  expect(status?.release).toMatchObject({
    reason: "UnmountRequested",
    initiatorsAtRelease: 0,
    writeAttempts: 0,
    filesRead: 4,
  })
  expect(status?.release?.bytesServed).toBeGreaterThan(4 * contentOf(4).length) // all its targets together
  await nothingLeft(cluster, before, kept)
})
