import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { capture } from "../support/capture.ts"
import { type Cluster, openCluster, repository } from "../support/cluster.ts"
import { flipByte } from "../support/flip-byte.ts"
import { differences, hashFile, hashTree } from "../support/hashes.ts"
import { installChart, operatorNamespace } from "../support/install.ts"
import { added, type Inventory, takeInventory } from "../support/inventory.ts"
import { type LiveSession, sessionManifest, waitForPhase } from "../support/live-session.ts"
import { run } from "../support/run.ts"
import * as shop from "../support/shop.ts"
import { waitFor } from "../support/wait.ts"
import type { Manifest } from "../support/workload.ts"

/** The main job on the real cluster: files lost from three disks come back byte for byte, and nothing is left. */
const namespace = "e2e-recovery"
const name = "orders"
const at = { namespace, name }
let cluster: Cluster
let written: Manifest
let source: Map<string, string>
let before: Inventory
let folder: string
let session: LiveSession

const recover = (...args: string[]) => run("kubectl-recover", [...args, "-n", namespace], { env: cluster.env })

/** What is there now and was not before, but for the session's own object, which keeps the summary. */
async function leftBehind(): Promise<string[]> {
  const after = await takeInventory(cluster)
  after.delete(`FileRecoverySession ${session.metadata.uid}`)
  return added(before, after)
}

const nothingLeft = () => {
  let left: string[] = []
  const none = async () => (left = await leftBehind()).length === 0
  return waitFor("nothing to be left", none, { seconds: 60, everyMs: 1000, describe: () => left.join("\n") })
}

beforeAll(async () => {
  cluster = await openCluster()
  await installChart(cluster)
  await shop.makeNamespace(cluster, namespace)
  written = await shop.write(cluster, namespace)
  await shop.snapshot(cluster, namespace, "nightly")
  source = await shop.snapshotHashes(cluster, namespace)
  folder = await mkdtemp(join(tmpdir(), "recovered-"))
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await shop.removeNamespaces(cluster, namespace)
})

describe("a session over three claims", () => {
  test("the application's files are gone from the live volumes", async () => {
    const live = await shop.lose(cluster, namespace)
    expect(written.size).toBeGreaterThan(2000)
    expect(written.has("data/orders/2026-11.db")).toBe(true)
    expect(live.has("data/orders/2026-11.db")).toBe(false)
    before = await takeInventory(cluster)
  })

  test("becomes Ready; only TLS 1.3 crosses port 3260", async () => {
    const wire = await capture("n1", 3260)
    await cluster.apply(sessionManifest(namespace, name))
    session = await waitForPhase(cluster, at, "Ready")
    const seen = await wire.stop()
    expect(seen.segments).toBeGreaterThan(100)
    expect(seen.plain).toEqual([])
    expect(seen.versions).toEqual(["0x0304"])
  })

  test("shows every volume with the file system and what it lies on", () => {
    expect(session.status?.volumes).toMatchObject([
      { path: "archive-p1", filesystem: "ext4", state: "Mounted" },
      { path: "archive-p2", filesystem: "xfs", state: "Mounted" },
      { path: "vg0-data", filesystem: "ext4", state: "Mounted" },
      { path: "vg0-logs", filesystem: "xfs", state: "Mounted" },
    ])
  })

  test("kubectl wait, columns and kubectl recover get agree", async () => {
    await cluster.kubectl(["wait", "-n", namespace, "--for=condition=Ready", `frsess/${name}`, "--timeout=5s"])
    const { stdout } = await cluster.kubectl(["get", "frsess", "-n", namespace])
    expect(stdout).toMatch(
      /^NAME +PHASE +RECOVERY POINT +VOLUMES +EXPIRES +AGE\norders +Ready +20\S+Z +4 +20\S+Z +\S+\n$/,
    )
    const { stdout: shown } = await recover("get", name, "-o", "json")
    expect(JSON.parse(shown)).toMatchObject({ metadata: { name }, status: { phase: "Ready" } })
  })

  test.each([
    ["a file of 256 MiB", "cp", "/vg0-data/orders/2026-11.db", "data/orders/2026-11.db"],
    ["names from hell", "cp -r", "/vg0-data/odd", "data/odd"],
    ["two thousand files", "cp -r", "/vg0-data/many", "data/many"],
    ["hard links, ACLs, a sparse file", "cp -r", "/vg0-data/meta", "data/meta"],
    ["XFS on a volume group", "cp -r", "/vg0-logs/app", "logs/app"],
    ["ext4 on a partition", "cp", "/archive-p1/README", "boot/README"],
    ["XFS on a partition", "cp", "/archive-p2/README", "archive/README"],
  ])("fetches %s with equal sha256", async (_, verb, from, as) => {
    const target = join(folder, as)
    await run("mkdir", ["-p", join(target, "..")])
    await recover(...verb.split(" "), `${name}:${from}`, join(target, ".."))
    const fetched = new Map([...(await hashTree(folder, ""))].map(([path, hash]) => [path.slice(1), hash]))
    expect(differences(written, fetched, as)).toEqual([])
  })

  test("a tar stream holds links, owners, ACLs and attributes", async () => {
    const archive = join(folder, "meta.tar")
    await recover("tar", `${name}:/vg0-data/meta`, "-f", archive)
    const { stdout } = await run("tar", ["--acls", "--xattrs", "--numeric-owner", "-tvvf", archive])
    await rm(archive)
    expect(stdout).toMatch(/user:1234:rw-/)
    expect(stdout).toMatch(/user\.origin/)
    expect(stdout).toMatch(/-rwSr----- +1001\/1002 +6 2001-02-03 .*owned/)
    expect(stdout).toMatch(/link-[ab] link to \S*link-[ab]/)
    expect(stdout).toMatch(/absolute -> \/etc\/passwd/)
  })

  test("no secret of the session is in any log, Event or other object", async () => {
    const secrets = await readSecrets()
    expect(secrets.length).toBeGreaterThan(8)
    const spoken = await everythingSaid()
    expect(spoken.length).toBeGreaterThan(10_000)
    expect(secrets.filter((secret) => spoken.includes(secret))).toEqual([])
  })

  test("the clones are what the snapshots are, until somebody writes to one", async () => {
    expect(await shop.cloneHashes(cluster, namespace)).toEqual(source)
    const [victim] = [...(await shop.cloneFiles(cluster, namespace)).values()]
    await flipByte(victim ?? "", 300 * 2 ** 20)
    expect(await shop.cloneHashes(cluster, namespace)).not.toEqual(source)
    await flipByte(victim ?? "", 300 * 2 ** 20)
  })

  test("is unmounted; as many bytes were served as were read, none was written", async () => {
    const read = [...written].find(([path]) => path === "data/orders/2026-11.db")
    expect(await hashFile(join(folder, "data/orders/2026-11.db"))).toBe(read?.[1])
    await recover("unmount", name)
    const { status } = await waitForPhase(cluster, at, "Unmounted")
    expect(status?.release?.bytesServed).toBeGreaterThanOrEqual(256 * 2 ** 20)
    expect(status?.release).toMatchObject({ initiatorsAtRelease: 0, writeAttempts: 0 })
  })

  test("0 objects are left, and a planted one is found", async () => {
    await nothingLeft()
    const planted = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "planted", namespace } }
    await cluster.apply(planted)
    const found = await leftBehind()
    await cluster.kubectl(["delete", "configmap", "planted", "-n", namespace])
    expect(found).toEqual([`ConfigMap ${namespace}/planted`])
    expect(await shop.snapshotHashes(cluster, namespace)).toEqual(source)
  })
})

describe("the same where the runtime gives devices to the pod's user", () => {
  const switchTo = (on: boolean) => run(`${repository}test/cluster/cluster`, ["device-ownership", String(on)])
  afterAll(() => switchTo(false))

  test("becomes Ready, and deleting it leaves nothing", async () => {
    await switchTo(true)
    await cluster.apply(sessionManifest(namespace, "owned"))
    const { status } = await waitForPhase(cluster, { namespace, name: "owned" }, "Ready")
    expect(status?.volumes).toHaveLength(4)
    await cluster.kubectl(["delete", "frsess", "owned", "-n", namespace, "--timeout=90s"])
    await nothingLeft()
  })
})

/** Every value of the session's Secrets: whole, by line, and for JSON by field. Names that are no secret are left out. */
async function readSecrets(): Promise<string[]> {
  const { stdout } = await cluster.kubectl(["get", "secrets", "-n", namespace, "-o", "json"])
  const { items } = JSON.parse(stdout) as { items: { data: Record<string, string> }[] }
  const open = new Set(["ca.crt", "tls.crt", "username"])
  const values = items.flatMap(({ data }) => Object.entries(data).filter(([key]) => !open.has(key)))
  return values.flatMap(([key, value]) => {
    const text = Buffer.from(value, "base64").toString()
    if (key.endsWith(".json"))
      return Object.entries(JSON.parse(text) as Record<string, string>).flatMap(([field, secret]) =>
        /secret|password/i.test(field) ? [secret] : [],
      )
    return text.split("\n").filter((line) => line !== "" && !line.startsWith("-----"))
  })
}

/** All logs of the session's pods and of the operator, and every object that isn't a Secret. */
async function everythingSaid(): Promise<string> {
  const logs = async (where: string, selector: string) =>
    (await cluster.kubectl(["logs", "-n", where, "-l", selector, "--all-containers", "--tail=-1"])).stdout
  const kinds = "pods,services,pvc,networkpolicies,events,filerecoverysessions,filerecoveryattachments,configmaps"
  return [
    await logs(namespace, "filerecovery.dev/session-uid"),
    await logs(operatorNamespace, "app.kubernetes.io/name=file-recovery-operator"),
    (await cluster.kubectl(["get", kinds, "-n", namespace, "-o", "json"])).stdout,
  ].join("\n")
}
