import { afterAll, beforeAll, expect, test } from "vitest"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { installChart, scaleOperator } from "../support/install.ts"
import { added, type Inventory, takeInventory } from "../support/inventory.ts"
import { waitForPhase } from "../support/live-session.ts"
import * as shop from "../support/shop.ts"
import { makeDisk } from "../support/small-disk.ts"
import { takeSnapshots } from "../support/snapshot.ts"
import { waitFor } from "../support/wait.ts"

/** Sessions that go without a release: what they leave is collected, and told. With a converted volume mode: filesystem-mode.test.ts. */
const namespace = "e2e-orphans"
const session = {
  apiVersion: "filerecovery.dev/v1alpha1",
  kind: "FileRecoverySession",
  metadata: { name: "orders", namespace },
  spec: { source: { persistentVolumeClaims: [{ name: "data" }] } },
}
let cluster: Cluster
let before: Inventory

interface Ready {
  metadata: { uid: string }
  status?: { attachment?: { name: string } }
}
interface OrphanEvent {
  type: string
  reason: string
  note: string
  regarding: { kind: string; name: string }
}

async function liveSession(): Promise<{ uid: string; attachment: string }> {
  await cluster.apply(session)
  const { metadata, status } = (await waitForPhase(cluster, { namespace, name: "orders" }, "Ready")) as Ready
  return { uid: metadata.uid, attachment: status?.attachment?.name ?? "" }
}

/** As nobody should: without its finalizer the session is gone at once. */
async function loseSession(): Promise<void> {
  await cluster.kubectl(["delete", "frsess", "orders", "-n", namespace, "--wait=false"])
  const patch = JSON.stringify({ metadata: { finalizers: null } })
  const args = ["patch", "frsess", "orders", "-n", namespace, "--type=merge", "-p", patch]
  await cluster.kubectl(args, { accept: undefined })
  expect(await cluster.get("frsess", "orders", namespace)).toBeUndefined()
}

/** `ignored`: what else has changed meanwhile. */
async function untilLeft(expected: readonly string[], ignored?: RegExp): Promise<void> {
  let left: string[] = []
  const done = async () => {
    left = added(before, await takeInventory(cluster)).filter((one) => ignored?.test(one) !== true)
    return left.join() === expected.join()
  }
  const what = `what is left to be: ${expected.join(", ") || "nothing"}`
  await waitFor(what, done, { seconds: 120, everyMs: 1000, describe: () => left.join("\n") })
}

/** Events of removals that name the session with this UID, as kind and name of what was removed. */
async function told(uid: string): Promise<string[]> {
  const { stdout } = await cluster.kubectl(["get", "events.events.k8s.io", "-n", namespace, "-o", "json"])
  return (JSON.parse(stdout) as { items: OrphanEvent[] }).items
    .filter(({ type, reason, note }) => type === "Warning" && reason === "OrphanRemoved" && note.includes(uid))
    .map(({ regarding }) => `${regarding.kind} ${regarding.name}`)
    .sort()
}

beforeAll(async () => {
  cluster = await openCluster()
  await installChart(cluster)
  await shop.makeNamespace(cluster, namespace)
  await makeDisk(cluster, namespace, "data", "mkfs.ext4 -q /dev/disk")
  await takeSnapshots(cluster, namespace, [{ claim: "data", name: "nightly" }])
  before = await takeInventory(cluster)
})

afterAll(async () => {
  await shop.removeNamespaces(cluster, namespace)
})

test("the finalizer is taken off by hand: all of it is collected, and each removal is told", async () => {
  const { uid, attachment } = await liveSession()
  await loseSession()
  await untilLeft([])
  const removed = [`FileRecoveryAttachment ${attachment}`, `PersistentVolumeClaim ${attachment}-d0`]
  expect(await told(uid)).toEqual([...removed, `Pod ${attachment}-restore-0`, `Pod ${attachment}-target-0`])
})

test("while no operator runs, and with the owner references: the next one collects all but the Secrets", async () => {
  const { uid, attachment } = await liveSession()
  await scaleOperator(cluster, 0)
  const orphan = ["delete", "filerecoveryattachment", attachment, "-n", namespace, "--cascade=orphan"]
  await cluster.kubectl(orphan)
  await loseSession()
  const pod = await cluster.get<{ metadata: object }>("pod", `${attachment}-target-0`, namespace)
  expect(pod?.metadata).not.toHaveProperty("ownerReferences")

  await scaleOperator(cluster, 2)
  const ofNewOperators = / file-recovery\/|^mount on /
  const secrets = ["access", "restore", "target"].map((role) => `Secret ${namespace}/${attachment}-${role}`)
  await untilLeft(secrets, ofNewOperators)
  expect(await told(uid)).toContain(`NetworkPolicy ${attachment}-target`)
  await cluster.kubectl(["delete", "secret", "-n", namespace, "-l", `filerecovery.dev/session-uid=${uid}`])
  await untilLeft([], ofNewOperators)
})
