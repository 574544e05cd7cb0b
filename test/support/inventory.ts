import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs"
import { type Cluster } from "./cluster.ts"
import { run } from "./run.ts"

/** Everything that a session could leave behind, each thing under a key that is its own: kind and UID, device, mount, process. */
export type Inventory = Map<string, string>

/** Kinds that come and go by themselves: they are records of work, not things somebody made. */
const passing = /^(events(\.events\.k8s\.io)?|leases\.coordination\.k8s\.io|componentstatuses)$/

/**
 * Counts what there is: every listable kind in all namespaces and in the cluster by UID, the files of the test driver,
 * its loop devices, mounts and QEMU processes of the nodes. Take one before and one after, then ask `added`.
 */
export async function takeInventory(cluster: Pick<Cluster, "everyObject" | "state">): Promise<Inventory> {
  const found: Inventory = new Map()
  for (const { kind, metadata } of await cluster.everyObject((kind) => !passing.test(kind))) {
    if (metadata.uid)
      found.set(`${kind} ${metadata.uid}`, `${kind} ${[metadata.namespace, metadata.name].filter(Boolean).join("/")}`)
  }
  // a .part is a description that is being written
  const files = readdirSync(`${cluster.state}/csi`).filter((name) => !name.endsWith(".part"))
  for (const file of files) found.set(`driver file ${file}`, `driver file ${file}`)
  for (const line of await loops(cluster.state)) found.set(`loop ${line}`, `loop device ${line}`)
  for (const [key, text] of [...nodeMounts(cluster.state), ...qemus()]) found.set(key, text)
  return found
}

/** What is in `after` and was not in `before`, in words, sorted. */
export function added(before: Inventory, after: Inventory): string[] {
  return [...after]
    .filter(([key]) => !before.has(key))
    .map(([, text]) => text)
    .sort()
}

/** Mounts in the mount namespace of each node, where kubelet and containerd make theirs. */
function nodeMounts(state: string): [string, string][] {
  const nodes = readdirSync(state).filter((name) => /^n[0-9]+$/.test(name))
  return nodes.flatMap((node) => {
    if (!existsSync(`${state}/${node}/init.pid`)) return [] // powered off: its mounts went with it
    const pid = readFileSync(`${state}/${node}/init.pid`, "utf8").trim()
    const points = readFileSync(`/proc/${pid}/mountinfo`, "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split(" ")[4] ?? "")
    return points.map((point, i): [string, string] => {
      const twin = points.slice(0, i).filter((other) => other === point).length
      return [`mount ${node} ${point} ${twin}`, `mount on ${node}: ${point}`]
    })
  })
}

interface Loop {
  readonly name: string
  readonly "back-file": string | null
  /** Inode of what is behind it. */
  readonly "back-ino": number | null
}

/**
 * Loop devices of the cluster's volumes: the driver's, by their files, and the kubelet's on top of those, by the device
 * below. Others work on this machine too, also with clusters of their own.
 */
async function loops(state: string): Promise<string[]> {
  const { stdout } = await run("losetup", ["--json", "--list", "--output", "NAME,BACK-FILE,BACK-INO"])
  const all = stdout.trim() === "" ? [] : (JSON.parse(stdout) as { loopdevices: Loop[] }).loopdevices
  const drivers = all.filter((loop) => loop["back-file"]?.startsWith(`${state}/`))
  const below = new Set(drivers.map(({ name }) => statSync(name).ino))
  const kubelets = all.filter(
    (loop) => below.has(loop["back-ino"] ?? 0) && loop["back-file"]?.includes("/volumeDevices/"),
  )
  // the same device when its file has gone first
  return [...drivers, ...kubelets].map((loop) => `${loop.name} ${loop["back-file"]?.replace(/ \(deleted\)$/, "")}`)
}

/** QEMU processes on the nodes, whoever started them. */
function qemus(): [string, string][] {
  const isQemu = (pid: string): boolean => {
    try {
      const isOnNode = readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(":/cluster/")
      return isOnNode && readlinkSync(`/proc/${pid}/exe`).includes("qemu-system")
    } catch {
      return false // ended meanwhile, or a kernel thread
    }
  }
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name) && isQemu(name))
    .map((pid): [string, string] => [`qemu ${pid}`, `QEMU process ${pid}`])
}
