import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Cluster } from "../support/cluster.ts"
import { filesystemClaim } from "../support/filesystem-claim.ts"
import { copyImage } from "../support/guest/images.ts"
import * as shop from "../support/shop.ts"
import { makeDisk } from "../support/small-disk.ts"
import { takeSnapshots } from "../support/snapshot.ts"
import { makeDays, sizeMiB } from "./image.ts"

const namespace = "shop"
const claim = "data-orders-0"
/** When the snapshots were taken, by name: as docs/using.md tells it. */
const taken: Readonly<Record<string, string>> = {
  "nightly-1121": "2026-11-21T03:00:00Z",
  "nightly-1122": "2026-11-22T03:00:00Z",
}

/** What docs/using.md starts from: a claim with snapshots, an application that has lost files, a claim to copy into. */
export interface Stage extends AsyncDisposable {
  readonly namespace: string
  /** A shell of somebody who works in that namespace. */
  readonly env: NodeJS.ProcessEnv
  /** A folder of this machine that goes with the stage. */
  readonly home: string
}

export async function setStage(cluster: Cluster): Promise<Stage> {
  await using undo = new AsyncDisposableStack()
  const home = await mkdtemp(join(tmpdir(), "files-"))
  undo.defer(() => rm(home, { recursive: true, force: true }))
  await shop.makeNamespace(cluster, namespace)
  undo.defer(() => shop.removeNamespaces(cluster, namespace))
  // the application runs as root, so that owners can come back
  const label = "pod-security.kubernetes.io/enforce=baseline"
  await cluster.kubectl(["label", "--overwrite", "namespace", namespace, label])
  await makeDisk(cluster, namespace, claim, "true", `${sizeMiB}Mi`)
  for (const { name, image } of await makeDays()) {
    await writeClaim(cluster, image)
    await takeSnapshots(cluster, namespace, [{ claim, name }])
    const patch = ["patch", "volumesnapshot", name, "-n", namespace, "--subresource=status", "--type=merge"]
    await cluster.kubectl([...patch, "-p", JSON.stringify({ status: { creationTime: taken[name] } })])
  }
  await cluster.apply(filesystemClaim(namespace, "restored"), application)
  await cluster.kubectl(["wait", "-n", namespace, "--for=condition=Ready", "pod/orders-0", "--timeout=120s"])
  const kubeconfig = join(home, "kubeconfig")
  const config = (await cluster.kubectl(["config", "view", "--raw", "--minify"])).stdout
  await writeFile(kubeconfig, config, { mode: 0o600 })
  const env = { ...cluster.env, KUBECONFIG: kubeconfig, HOME: home }
  await cluster.kubectl(["config", "set-context", "--current", `--namespace=${namespace}`], { env })
  const kept = undo.move()
  return { namespace, env, home, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** The claim's disk becomes a copy of the image, on the storage: nothing that may run in a pod could make a volume group. */
async function writeClaim(cluster: Cluster, image: string): Promise<void> {
  const { spec } = (await cluster.get<{ spec: { volumeName: string } }>("pvc", claim, namespace)) ?? {}
  const volume = await cluster.get<{ spec: { csi: { volumeHandle: string } } }>("pv", spec?.volumeName ?? "")
  await copyImage(image, join(cluster.state, "csi", `${volume?.spec.csi.volumeHandle}.img`))
}

/** Of its files one is gone and one has another content; the archive is as it was (image.ts). */
const application = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "orders-0", namespace },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: "app",
        image: "localhost/tools:dev",
        imagePullPolicy: "Never",
        securityContext: { runAsUser: 0 },
        command: [
          "bash",
          "-euc",
          `cd /var/lib/orders; mkdir archive; echo change >config.json
          for month in 08 09 10; do head -c 500000 < <(yes $month) >archive/2026-$month.db; done
          touch /tmp/started; exec sleep infinity`,
        ],
        readinessProbe: { exec: { command: ["test", "-e", "/tmp/started"] }, periodSeconds: 1 },
        volumeMounts: [
          { name: "data", mountPath: "/var/lib/orders" },
          { name: "restored", mountPath: "/restored" },
        ],
      },
    ],
    volumes: [
      { name: "data", emptyDir: {} },
      { name: "restored", persistentVolumeClaim: { claimName: "restored" } },
    ],
  },
}
