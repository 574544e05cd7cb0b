import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { installChart } from "../support/install.ts"
import type { LiveSession } from "../support/live-session.ts"
import { restrictedContainer, restrictedPod } from "../support/restricted.ts"
import { run } from "../support/run.ts"
import * as shop from "../support/shop.ts"
import { makeDisk } from "../support/small-disk.ts"
import { takeSnapshots } from "../support/snapshot.ts"
import { makeSshKey } from "../support/ssh-key.ts"
import { waitFor } from "../support/wait.ts"

/** The three stories of docs/using.md and the verbs beside them, on the real cluster: one session for all, and one in one go. */
const namespace = "e2e-verbs"
let cluster: Cluster
let folder: string

const recover = (args: string, accept = [0]) =>
  run("sh", ["-euc", `cd ${folder}; kubectl-recover ${args} -n ${namespace}`], { env: cluster.env, accept })
const out = async (args: string, accept?: number[]) => (await recover(args, accept)).stdout
const inPod = async (command: string) =>
  (await cluster.kubectl(["exec", "-n", namespace, "orders-0", "-c", "app", "--", "sh", "-euc", command])).stdout
const session = (name: string) => cluster.get<LiveSession & { spec: { ttl?: string } }>("frsess", name, namespace)

/** What runs while files are put back: a container with tar and one without. */
const runningPod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "orders-0", namespace },
  spec: {
    terminationGracePeriodSeconds: 1,
    securityContext: restrictedPod,
    containers: [
      {
        name: "app",
        image: "localhost/tools:dev",
        imagePullPolicy: "Never",
        command: [
          "sh",
          "-c",
          "mkdir -p /srv/data/orders; echo changed > /srv/data/orders/config.json; exec sleep 3600",
        ],
        securityContext: restrictedContainer,
        volumeMounts: [{ name: "data", mountPath: "/srv/data" }],
      },
    ],
    volumes: [{ name: "data", emptyDir: {} }],
  },
}

beforeAll(async () => {
  cluster = await openCluster()
  await installChart(cluster)
  await shop.makeNamespace(cluster, namespace)
  const make = [
    "mkdir -p /tmp/t/orders/archive",
    "echo lost > /tmp/t/orders/2026-11.db",
    "echo config > /tmp/t/orders/config.json",
    "head -c 3000000 /dev/urandom > /tmp/t/orders/archive/big",
    "mke2fs -q -t ext4 -d /tmp/t /dev/disk",
  ].join("; ")
  await makeDisk(cluster, namespace, "data-orders-0", make)
  await takeSnapshots(cluster, namespace, [{ claim: "data-orders-0", name: "nightly" }])
  await cluster.apply(runningPod)
  await cluster.kubectl(["wait", "-n", namespace, "--for=condition=Ready", "pod/orders-0", "--timeout=60s"])
  folder = await mkdtemp(join(tmpdir(), "verbs-"))
  await recover("create orders --from pvc/data-orders-0 --wait")
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await shop.removeNamespaces(cluster, namespace)
})

test("points: what can be recovered, and that a claim is gone", async () => {
  expect(await out("points pvc/data-orders-0")).toMatch(/^\* +data-orders-0 +nightly +20\S+Z +\S+ +\S+ +\S+ +yes$/m)
  expect(await out("points nobody", [3])).toBe("")
})

test("get, describe, volumes, extend tell and change the session", async () => {
  expect(await out("get -o wide")).toMatch(/orders +Ready .* pvc\/data-orders-0/)
  expect(await out("describe orders")).toMatch(/^Conditions:\n[^]*Ready +True[^]*^Events:\n/m)
  expect(await out("volumes orders -o name")).toBe("orders:/data-orders-0\n")
  const before = (await session("orders"))?.spec.ttl
  await recover("extend orders --ttl 3h")
  expect([before, (await session("orders"))?.spec.ttl]).toEqual(["12h", "3h"])
})

test("completion asks the session", async () => {
  const typed = ["__complete", "cat", "-n", namespace, "orders:/data-orders-0/orders/2"]
  const { stdout } = await run("kubectl-recover", typed, { env: cluster.env })
  expect(stdout).toBe("orders:/data-orders-0/orders/2026-11.db\n:6\n")
})

describe("the stories", () => {
  test("a file", async () => {
    expect(await out("find orders:/ --name '2026-11*'")).toBe("orders:/data-orders-0/orders/2026-11.db\n")
    await recover("cp --verify orders:/data-orders-0/orders/2026-11.db .")
    expect(await readFile(join(folder, "2026-11.db"), "utf8")).toBe("lost\n")
    expect(await out("tree orders:/data-orders-0/orders -L 1")).toContain("├── 2026-11.db\n")
  })

  test("a directory into a running pod", async () => {
    const pair = "orders:/data-orders-0/orders pod/orders-0:/srv/data/orders -c app"
    const differs = await out(`diff --checksum ${pair}`, [6])
    expect(differs).toBe("- 2026-11.db\n- archive/\n~ config.json: size 7 -> 8\n")
    await recover("cp -r orders:/data-orders-0/orders orders-0:/srv/data -c app")
    expect(await inPod("cat /srv/data/orders/2026-11.db")).toBe("lost\n")
    expect(await out(`diff --checksum ${pair}`)).toBe("")
  })

  test("a pipeline", async () => {
    await recover("sha256 orders:/data-orders-0/orders -f orders.sha256")
    await recover("tar orders:/data-orders-0/orders -f orders.tar.zst")
    await run("sh", ["-euc", `cd ${folder}; tar --zstd -xf orders.tar.zst; sha256sum --quiet -c orders.sha256`])
    expect(await out("sha256 --check orders.sha256 orders:/data-orders-0")).toMatch(/orders\/archive\/big: OK\n/)
    await recover("audit show orders > audit.jsonl")
    const verified = await run("sh", ["-euc", `cd ${folder}; kubectl-recover audit verify audit.jsonl -o json`], {
      env: cluster.env,
    })
    expect(verified.stdout).toContain('"intact": true')
  })
})

test("sftp: by the session's Secret, then by a key that is added while it runs, and no longer when that is removed", async () => {
  await writeFile(join(folder, "batch"), "get /data-orders-0/orders/2026-11.db by-sftp\n")
  await recover("sftp orders -b batch")
  expect(await readFile(join(folder, "by-sftp"), "utf8")).toBe("lost\n")
  const pair = makeSshKey()
  await writeFile(join(folder, "key"), pair.private, { mode: 0o600 })
  const withKey = async () => (await recover("sftp orders -i key -b batch", [0, 1])).code
  const openTo = (publicKeys: string[]) => {
    const patch = JSON.stringify({ spec: { access: { publicKeys } } })
    return cluster.kubectl(["patch", "frsess", "orders", "-n", namespace, "--type=merge", "-p", patch])
  }
  expect(await withKey()).toBe(1)
  await openTo([pair.public])
  await waitFor("the key to open the session", async () => (await withKey()) === 0, { seconds: 30 })
  expect(await out("describe orders")).toMatch(/^SFTP: +port 2022, host key SHA256:\S{43}$/m)
  await openTo([])
  await waitFor("the key to open nothing any more", async () => (await withKey()) === 1, { seconds: 30 })
})

describe("kubectl itself, from the container files", () => {
  const restorePod = async () => {
    const selector = "filerecovery.dev/role=restore,filerecovery.dev/session=orders"
    return (await cluster.kubectl(["get", "pods", "-n", namespace, "-l", selector, "-o", "name"])).stdout.trim()
  }
  const exec = async (command: string, accept = [0]) =>
    run(
      "bash",
      ["-eo", "pipefail", "-c", `kubectl exec -n ${namespace} ${await restorePod()} -c files -- ${command}`],
      { env: cluster.env, accept },
    )
  const sumsIn = async (directory: string) =>
    (await run("sh", ["-euc", `cd ${folder}/${directory}; sha256sum 2026-11.db config.json archive/big`])).stdout

  test("cp, also with retries, and tar bring the same files; ls shows them", async () => {
    const pod = (await restorePod()).replace("pod/", "")
    const from = `${namespace}/${pod}:/data-orders-0/orders`
    await cluster.kubectl(["cp", "-c", "files", from, join(folder, "by-cp")])
    await cluster.kubectl(["cp", "-c", "files", "--retries=2", from, join(folder, "by-retries")])
    await exec(`tar czf - -C /data-orders-0 orders | tar xzf - -C ${folder} --transform s/orders/by-tar/`)
    await recover("cp -r orders:/data-orders-0/orders by-recover")
    const sums = await sumsIn("by-recover")
    for (const directory of ["by-cp", "by-retries", "by-tar"]) expect(await sumsIn(directory)).toBe(sums)
    expect((await exec("ls")).stdout).toBe("data-orders-0\n")
    expect((await exec("ls -l /data-orders-0/orders/2026-11.db")).stdout).toMatch(/^-rw-r--r-- .* 5 20\S+ \S+ /)
  })

  test("what isn't there and what can't be are told, and recorded", async () => {
    const missing = await exec("tar cf - /data-orders-0/none", [2])
    expect(missing.stderr).toContain("tar: /data-orders-0/none: Cannot stat: No such file or directory")
    const missingByCp = cluster.kubectl([
      "cp",
      "-c",
      "files",
      `${namespace}/${(await restorePod()).slice(4)}:/no/file`,
      folder,
    ])
    // kubectl may end at the archive that has no end before it has shown why
    await expect(missingByCp).rejects.toThrow(/No such file|invalid tar header/)
    expect((await exec("tar xf -", [2])).stderr).toContain("kubectl recover cp")
    expect(await out("audit show orders")).toContain('"via":"exec"')
  })
})

test("a container without tar, and a pod that isn't there, are told", async () => {
  const none = await recover("cp orders:/data-orders-0/orders/config.json nobody:/tmp", [1])
  expect(none.stderr).toContain("There is no running pod")
  const missing = await recover("cp orders:/data-orders-0/orders/config.json orders-0:/nonexistent", [1])
  expect(missing.stderr).toMatch(/tar in pod \S+ failed: .*nonexistent/)
})

test("unmount ends it, and in one go everything is done and nothing stays open", async () => {
  expect(await out("unmount orders")).toContain("Unmounted: 1 clone removed, 0 initiators left")
  await writeFile(join(folder, "config.json"), "")
  await recover("cp --from pvc/data-orders-0 /data-orders-0/orders/config.json .")
  expect(await readFile(join(folder, "config.json"), "utf8")).toBe("config\n")
  const { stdout } = await cluster.kubectl([
    "get",
    "frsess",
    "-n",
    namespace,
    "-o",
    "jsonpath={.items[*].status.phase}",
  ])
  expect(stdout.split(" ")).toEqual(["Unmounted", "Unmounted"])
  const pods = async () =>
    (await cluster.kubectl(["get", "pods", "-n", namespace, "-o", "name"])).stdout === "pod/orders-0\n"
  await waitFor("the session's pods to be gone", pods, { seconds: 60 })
})

test("what changed between two recovery points, side by side in one session", async () => {
  const change = [
    "debugfs -w -R 'rm orders/2026-11.db' /dev/disk",
    "echo changed more > /tmp/new; debugfs -w -R 'rm orders/config.json' /dev/disk",
    "debugfs -w -R 'write /tmp/new orders/config.json' /dev/disk",
  ]
  await makeDisk(cluster, namespace, "data-orders-0", change.join("; "))
  await takeSnapshots(cluster, namespace, [{ claim: "data-orders-0", name: "later" }])
  await recover("create both --from pvc/data-orders-0 --recovery-point nightly --recovery-point later --wait")
  expect(await out("volumes both -o name")).toBe("both:/point1-data-orders-0\nboth:/point2-data-orders-0\n")
  expect(await out("describe both")).toMatch(/^ +point1 +data-orders-0 +VolumeSnapshot nightly /m)
  expect(await out("diff --points both:/data-orders-0/orders", [6])).toBe(
    "point1 -> point2:\n- 2026-11.db\n~ config.json: size 7 -> 13\n",
  )
  expect(await out("cat both:/point1-data-orders-0/orders/2026-11.db")).toBe("lost\n")
  const found = await cluster.get<{ status: { disks: object[] } }>("frsess", "both", namespace)
  expect(found?.status.disks).toMatchObject([
    { name: "data-orders-0", point: 1, source: "VolumeSnapshot/nightly" },
    { name: "data-orders-0", point: 2, source: "VolumeSnapshot/later" },
  ])
  expect(await out("unmount both")).toContain("Unmounted: 2 clones removed, 0 initiators left")
})
