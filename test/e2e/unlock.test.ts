import { join } from "node:path"
import { afterAll, afterEach, beforeAll, expect, test } from "vitest"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { vmImages } from "../support/guest/vm-images.ts"
import { importSnapshots } from "../support/imported-snapshots.ts"
import { installChart } from "../support/install.ts"
import type { LiveSession } from "../support/live-session.ts"
import { run } from "../support/run.ts"
import * as shop from "../support/shop.ts"

/** spec.unlock on the real cluster: the kubelet mounts the Secrets' keys, and the guest opens a LUKS with them, or says why not. */
const namespace = "e2e-unlock"
let cluster: Cluster

const data = ["--from", "snapshot/data", "--storage-class", "loop"]

const recover = (...args: string[]) =>
  run("kubectl-recover", [...args, "-n", namespace], { env: cluster.env, accept: [0, 1] })
const status = async (name: string) => (await cluster.get<LiveSession>("frsess", name, namespace))?.status
const logs = async (name: string) => {
  const pods = ["-l", `filerecovery.dev/session=${name}`, "--all-containers", "--tail=-1", "-n", namespace]
  return (await cluster.kubectl(["logs", ...pods])).stdout
}

beforeAll(async () => {
  cluster = await openCluster()
  await installChart(cluster)
  await shop.makeNamespace(cluster, namespace)
  await importSnapshots(cluster, namespace, [{ name: "data", image: join(await vmImages(), "luks.img") }])
  await cluster.apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "disk-keys", namespace },
    stringData: { root: "secret\n", other: "opens-nothing" },
  })
})

afterEach(async () => {
  await cluster.kubectl(["delete", "frsess", "--all", "-n", namespace, "--timeout=90s"])
})

afterAll(async () => {
  await shop.removeNamespaces(cluster, namespace)
})

test("a file on an encrypted volume is read with the key of a Secret", async () => {
  const keys = ["--unlock-secret", "disk-keys/root"]
  const { code, stderr } = await recover("create", "right", ...data, ...keys, "--wait")
  expect([code, stderr]).toEqual([0, expect.stringContaining("Ready")])
  expect((await status("right"))?.volumes).toMatchObject([
    { path: "data", filesystem: "ext4", state: "Mounted", stack: ["disk data", "unlocked"] },
  ])
  expect(await recover("cp", "right:/data/f7", "-")).toMatchObject({ code: 0, stdout: "7" })
})

test("with keys that don't fit or aren't there the session is ready, and the volume says so", async () => {
  const keys = ["disk-keys/other", "disk-keys/no-such", "no-such/root"].map((key) => `--unlock-secret=${key}`)
  const { code, stderr } = await recover("create", "wrong", ...data, ...keys, "--wait")
  expect([code, stderr]).toEqual([0, expect.stringContaining("Ready")])
  expect((await status("wrong"))?.volumes).toMatchObject([
    {
      path: "data",
      state: "Locked",
      reason: "VolumeLocked",
      message:
        "Encrypted with LUKS. Does not fit: key other of Secret disk-keys. Absent: key no-such of Secret disk-keys, key root of Secret no-such.",
    },
  ])
  expect(await logs("wrong")).not.toContain("opens-nothing")
})
