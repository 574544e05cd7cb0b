import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { capture } from "../support/capture.ts"
import { type Cluster, openCluster, repository } from "../support/cluster.ts"
import { differences, hashTree } from "../support/hashes.ts"
import { installChart } from "../support/install.ts"
import { added, takeInventory } from "../support/inventory.ts"
import { run } from "../support/run.ts"
import * as shop from "../support/shop.ts"
import { waitFor } from "../support/wait.ts"
import { sessionManifest, waitForPhase } from "../support/live-session.ts"
import { memory, milestones } from "./figures.ts"
import { Steps } from "./steps.ts"

/**
 * The whole of it on a real cluster: an application writes, is snapshotted, loses files; a session brings them back byte
 * for byte; nothing is left. Exits 0 only if every check held. `--keep` leaves the cluster up.
 */
const { values: options } = parseArgs({ options: { keep: { type: "boolean", default: false } } })
const steps = new Steps()
const namespace = "shop"
const name = "orders"
const script = `${repository}test/cluster/cluster`

/** What is asked for, by verb: place in the session, place in the application's manifest. */
const asked = [
  { verb: "cp", from: "/vg0-data/orders/2026-11.db", as: "data/orders/2026-11.db" },
  { verb: "cp -r", from: "/vg0-data/odd", as: "data/odd" },
  { verb: "cp -r", from: "/vg0-data/many", as: "data/many" },
  { verb: "tar", from: "/vg0-logs/app", as: "logs/app" },
  { verb: "cp", from: "/archive-p1/README", as: "boot/README" },
  { verb: "cp", from: "/archive-p2/README", as: "archive/README" },
] as const

/** Types a command into a shell that has the cluster's programs, and shows the answer. */
async function type(cluster: Cluster, command: string, lines?: number): Promise<string> {
  steps.typed(command)
  const { stdout, stderr } = await run("bash", ["-o", "pipefail", "-c", command], { env: cluster.env })
  steps.answered(stdout + stderr, lines)
  return stdout
}

async function fetchAll(cluster: Cluster, folder: string): Promise<number> {
  let bytes = 0
  for (const { verb, from, as } of asked) {
    const target = join(folder, as)
    const parent = join(target, "..")
    await run("mkdir", ["-p", verb === "tar" ? target : parent])
    const place = `-n ${namespace} ${name}:${from}`
    if (verb === "tar") await type(cluster, `kubectl recover tar ${place} -f - | tar -x -C ${parent}`)
    else await type(cluster, `kubectl recover ${verb} ${place} ${parent}/`)
    if (statSync(target).isFile()) bytes += statSync(target).size
  }
  return bytes
}

async function main(cluster: Cluster): Promise<void> {
  await steps.step("Install the operator", () => installChart(cluster))
  await steps.step("A namespace that enforces Pod Security restricted", async () => {
    // a cluster that an earlier run kept still has the namespace of that run
    await cluster.kubectl(["delete", "namespace", namespace, "--ignore-not-found"])
    await shop.makeNamespace(cluster, namespace)
  })
  const written = await steps.step("An application in a VM formats three disks and writes its files", () =>
    shop.write(cluster, namespace),
  )
  console.log(`  ${written.size} files, every sha256 noted`)
  await steps.step("VolumeSnapshots", () => shop.snapshot(cluster, namespace, "nightly"))
  const live = await steps.step("Files are deleted, and seen to be gone", () => shop.lose(cluster, namespace))
  const lost = [...written.keys()].filter((path) => !live.has(path))
  console.log(`  ${lost.length} files are gone from the live volumes`)
  assert(lost.includes("data/orders/2026-11.db"))

  const source = await shop.snapshotHashes(cluster, namespace)
  const before = await takeInventory(cluster)
  const wire = await capture("n1", 3260)
  const session = await steps.step("A session: kubectl apply", async () => {
    const manifest = sessionManifest(namespace, name)
    steps.typed("kubectl apply -f orders.yaml")
    steps.answered(JSON.stringify(manifest))
    await cluster.apply(manifest)
    const told: string[] = []
    const ready = await waitForPhase(cluster, { namespace, name }, "Ready", (line) => {
      told.push(line)
      console.log(`  ${line}`)
    })
    console.log(`  ${milestones(told)}`)
    return ready
  })
  await type(cluster, `kubectl -n ${namespace} get filerecoverysessions`)
  await type(cluster, `kubectl recover get -n ${namespace} ${name}`, 30)
  await type(cluster, `kubectl recover ls -n ${namespace} ${name}:/`)
  const seen = await wire.stop()
  console.log(
    `  on port 3260: ${seen.segments} segments, TLS versions ${seen.versions.join()}, not TLS: ${seen.plain.length}`,
  )
  assert.deepEqual(seen.plain, [])
  assert.deepEqual(seen.versions, ["0x0304"])

  const folder = await mkdtemp(join(tmpdir(), "recovered-"))
  try {
    const bytes = await steps.step("The files come back", () => fetchAll(cluster, folder))
    const fetched = await hashTree(folder, "")
    const manifest = new Map([...fetched].map(([path, hash]) => [path.slice(1), hash]))
    const wrong = asked.flatMap(({ as }) => differences(written, manifest, as))
    assert.deepEqual(wrong, [])
    console.log(`  ${manifest.size} files, equal sha256 for every file asked for`)

    assert.deepEqual(await shop.cloneHashes(cluster, namespace), source)
    console.log(`  resident: ${memory()}`)
    console.log("  the clones are what the snapshots are: nothing was written to them")

    await steps.step("Unmount", async () => {
      await type(cluster, `kubectl recover unmount -n ${namespace} ${name}`)
      const { status } = await waitForPhase(cluster, { namespace, name }, "Unmounted")
      console.log(`  served ${status?.release?.bytesServed} bytes, write attempts ${status?.release?.writeAttempts}`)
      assert((status?.release?.bytesServed ?? 0) >= bytes)
    })
  } finally {
    await rm(folder, { recursive: true })
  }
  assert.deepEqual(await shop.snapshotHashes(cluster, namespace), source)
  await type(cluster, `kubectl -n ${namespace} get filerecoverysessions`)

  await steps.step("What is left", async () => {
    let left: string[] = []
    const mine = `FileRecoverySession ${session.metadata.uid}`
    const counted = async () => {
      const after = await takeInventory(cluster)
      after.delete(mine) // the object itself stays and keeps the summary
      left = added(before, after)
      return left.length === 0
    }
    await waitFor("nothing to be left", counted, { seconds: 60, describe: () => left.join("\n") })
  })
}

/** Runs a program that may take long, with its progress on the terminal. */
async function watched(program: string, ...args: string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] })
  const [code] = (await once(child, "exit")) as [number | null]
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}`)
}

async function upAndRun(): Promise<void> {
  await steps.step("A Kubernetes cluster", () => watched(script, "up"))
  const cluster = await openCluster()
  await steps.step("Images", () => watched(`${repository}scripts/images.sh`, "operator", "engine", "workload"))
  await steps.step("kubectl recover", () => watched(`${repository}scripts/build-cli.sh`))
  await main(cluster)
}

try {
  await upAndRun()
  console.log(`\n${steps.table()}\n`)
  if (options.keep)
    console.log(`The cluster stays up. Go on with: eval "$(npm run -s cluster -- env)"; npm run cluster -- down`)
} finally {
  if (!options.keep) await run(script, ["down"])
}
console.log("equal sha256 for every file asked for\nUnmounted\n0 objects left")
