import { afterAll, beforeAll, expect, test } from "vitest"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { installChart } from "../support/install.ts"
import { type LiveSession, waitForPhase } from "../support/live-session.ts"
import { run } from "../support/run.ts"
import * as shop from "../support/shop.ts"
import { makeDisk } from "../support/small-disk.ts"
import { takeSnapshots } from "../support/snapshot.ts"
import { waitFor } from "../support/wait.ts"

/** More sessions than may be in progress at once. The limit is small here. */
const namespace = "e2e-queue"
const other = "e2e-queue-other"
let cluster: Cluster

type Session = LiveSession & { status?: { startedAt?: string; finishedAt?: string } }
const get = (name: string, where = namespace) => cluster.get<Session>("filerecoverysession", name, where)

/** Creates a session; the next one is created in another second, for that is what the order goes by. */
async function create(name: string, where = namespace): Promise<void> {
  await cluster.apply({
    apiVersion: "filerecovery.dev/v1alpha1",
    kind: "FileRecoverySession",
    metadata: { name, namespace: where },
    spec: { source: { persistentVolumeClaims: [{ name: "disk" }] } },
  })
  const created = Date.parse((await get(name, where))?.metadata.creationTimestamp ?? "")
  await waitFor("the next second", async () => Date.now() >= created + 1000, { seconds: 5, everyMs: 50 })
}

/** Waits until a session says that it waits, and where it stands. */
async function untilQueued(name: string, words: string, seconds = 20): Promise<void> {
  let last: Session | undefined
  const told = async () => {
    last = await get(name)
    const accepted = last?.status?.conditions?.find(({ type }) => type === "Accepted")
    return last?.status?.phase === "Pending" && accepted?.reason === "Queued" && accepted.message.includes(words)
  }
  await waitFor(`${name} to be ${words}`, told, { seconds, describe: () => JSON.stringify(last?.status) })
}

/** What there is of what was made for a session. */
async function made(name: string): Promise<string[]> {
  const kinds = "pods,persistentvolumeclaims,secrets,services,networkpolicies,filerecoveryattachments"
  const selector = `filerecovery.dev/session=${name}`
  const { stdout } = await cluster.kubectl(["get", kinds, "-n", namespace, "-l", selector, "-o", "name"])
  return stdout.split("\n").filter(Boolean)
}

const recover = (...args: string[]) => run("kubectl-recover", [...args, "-n", namespace], { env: cluster.env })
const starts = (name: string, where = namespace) =>
  waitFor(`${name} to start`, async () => (await get(name, where))?.status?.startedAt, { seconds: 60 })

beforeAll(async () => {
  cluster = await openCluster()
  await installChart(cluster, "limits.sessionsPerNamespace=1")
  for (const name of [namespace, other]) {
    await shop.makeNamespace(cluster, name)
    await makeDisk(cluster, name, "disk", "mkfs.ext4 -q /dev/disk")
    await takeSnapshots(cluster, name, [{ claim: "disk", name: "nightly" }])
  }
})

afterAll(async () => {
  await shop.removeNamespaces(cluster, namespace, other)
})

test("one starts; the others wait in Pending and say where they stand, also in the plugin", async () => {
  for (const name of ["first", "second", "third"]) await create(name)
  await untilQueued("second", "1st of 2 that wait")
  await untilQueued("third", "2nd of 2 that wait")
  expect((await recover("get", "third")).stderr).toContain(
    "Pending: Queued: 1 session is in progress in namespace e2e-queue, where limits.sessionsPerNamespace allows 1; this one is 2nd of 2 that wait.",
  )
  await waitForPhase(cluster, { namespace, name: "first" }, "Ready")
  expect([await made("second"), await made("third")]).toEqual([[], []])
})

test("a full namespace holds no other one up", async () => {
  await create("elsewhere", other)
  expect(await starts("elsewhere", other)).toMatch(/Z$/)
  await cluster.kubectl(["delete", "frsess", "elsewhere", "-n", other, "--timeout=90s"])
})

test("the next starts as soon as one ends, and the one behind moves up", async () => {
  await recover("unmount", "first")
  const ended = await waitForPhase(cluster, { namespace, name: "first" }, "Unmounted")
  const startedAt = await starts("second")
  const gap = Date.parse(startedAt) - Date.parse((ended as Session).status?.finishedAt ?? "")
  expect(gap).toBeGreaterThanOrEqual(0)
  expect(gap).toBeLessThanOrEqual(3000)
  await untilQueued("third", "1st of 1 that wait", 5)
})

test("a limit that is raised lets the next one in; the new operator knows who is in progress", async () => {
  await create("fourth")
  await untilQueued("fourth", "2nd of 2 that wait")
  await installChart(cluster, "limits.sessionsPerNamespace=2")
  const startedAt = await starts("third")
  expect(Date.parse(startedAt)).toBeGreaterThan(Date.parse((await get("second"))?.status?.startedAt ?? ""))
  await untilQueued("fourth", "2 sessions are in progress in namespace e2e-queue")
})

test("deleted in the queue, it is gone at once", async () => {
  await cluster.kubectl(["delete", "frsess", "fourth", "-n", namespace, "--timeout=5s"])
  expect([await get("fourth"), await made("fourth")]).toEqual([undefined, []])
  await cluster.kubectl(["delete", "frsess", "--all", "-n", namespace, "--timeout=180s"])
})
