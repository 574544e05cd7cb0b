import { type Cluster } from "./cluster.ts"
import { restrictedContainer, restrictedPod } from "./restricted.ts"
import { waitFor } from "./wait.ts"

/**
 * The application of the demo and of the end-to-end tests: a virtual machine in a pod that passes Pod Security
 * `restricted`, with three Block claims as its disks (test/workload). Two form an LVM volume group with an ext4 and an
 * XFS volume, the third has a GPT with both.
 */
export const claims = [
  { name: "data-orders-0", size: "512Mi" },
  { name: "data-orders-1", size: "640Mi" },
  { name: "archive", size: "640Mi" },
]

export type Task = "write" | "delete" | "list"

/** The claims as manifests. */
export function claimManifests(namespace: string, storageClass = "loop"): object[] {
  return claims.map(({ name, size }) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace },
    spec: {
      accessModes: ["ReadWriteOnce"],
      volumeMode: "Block",
      storageClassName: storageClass,
      resources: { requests: { storage: size } },
    },
  }))
}

/** The VM as a pod that does one task and ends. The disks come in the order of `claims`. */
function vmPod(namespace: string, task: Task): object {
  const disk = (_: unknown, i: number) => [
    ["-drive", `if=none,id=d${i},file=/dev/disk${i},format=raw,cache=none`],
    ["-device", `scsi-hd,bus=scsi.0,scsi-id=${i},drive=d${i}`],
  ]
  const args = [
    ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ["-machine", "pc-q35-7.2", "-accel", "tcg,thread=multi", "-cpu", "max,la57=off,erms=off", "-smp", "2", "-m", "512"],
    ["-kernel", "/appliance/vmlinux", "-initrd", "/workload/initrd"],
    ["-append", `console=ttyS0 quiet panic=-1 rdinit=/workload/init task=${task}`],
    ["-chardev", "file,id=console,path=/tmp/console", "-serial", "chardev:console"],
    ["-device", "virtio-serial-pci", "-chardev", "file,id=out,path=/dev/stdout"],
    ["-device", "virtserialport,chardev=out,name=out", "-device", "virtio-scsi-pci,id=scsi"],
    ...claims.flatMap(disk),
  ].flat()
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `vm-${task}`, namespace },
    spec: {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 1,
      securityContext: restrictedPod,
      containers: [
        {
          name: "vm",
          image: "localhost/file-recovery-workload:dev",
          imagePullPolicy: "Never",
          command: ["qemu-system-x86_64"],
          args,
          securityContext: restrictedContainer,
          volumeDevices: claims.map((_, i) => ({ name: `d${i}`, devicePath: `/dev/disk${i}` })),
          volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
        },
      ],
      volumes: [
        { name: "tmp", emptyDir: {} },
        ...claims.map(({ name }, i) => ({ name: `d${i}`, persistentVolumeClaim: { claimName: name } })),
      ],
    },
  }
}

/** sha256 in hex by path; the path is bytes, kept as a latin1 string (one character a byte), below the volume's name. */
export type Manifest = Map<string, string>

/** Reads what the VM said: base64 of `sha256sum -z`, then "done". Throws when the task failed. */
function parseManifest(log: string): Manifest {
  const lines = log.trim().split(/\r?\n/)
  if (lines.at(-1) !== "done") throw new Error(`the application's virtual machine failed: ${log.slice(-400)}`)
  const records = Buffer.from(lines.slice(0, -1).join(""), "base64").toString("latin1").split("\0").filter(Boolean)
  return new Map(records.map((record) => [record.slice(66).replace(/^\.\//, ""), record.slice(0, 64)]))
}

/** Runs one task of the application in the cluster and returns the files that are there afterwards. */
export async function runTask(cluster: Cluster, namespace: string, task: Task): Promise<Manifest> {
  const pod = `vm-${task}`
  const kubectl = async (...args: string[]) => (await cluster.kubectl(["-n", namespace, ...args])).stdout
  await cluster.apply(vmPod(namespace, task))
  const phase = await waitFor(
    `pod ${pod}`,
    async () => {
      const found = await cluster.get<{ status?: { phase?: string } }>("pod", pod, namespace)
      return /Succeeded|Failed/.test(found?.status?.phase ?? "") && found?.status?.phase
    },
    { seconds: 300, describe: async () => (await kubectl("describe", "pod", pod)).slice(-1500) },
  )
  const log = await kubectl("logs", pod)
  await kubectl("delete", "pod", pod, "--wait=true")
  if (phase === "Failed") throw new Error(`pod ${pod} failed: ${log.slice(-600)}`)
  return parseManifest(log)
}
