import { type Cluster } from "./cluster.ts"
import { restrictedContainer, restrictedPod } from "./restricted.ts"
import { waitFor } from "./wait.ts"

/** Makes a Block claim of 64 MiB, or of `size`, runs a shell command in a restricted pod with the disk at /dev/disk, and waits for its end. */
export async function makeDisk(
  cluster: Cluster,
  namespace: string,
  name: string,
  command: string,
  size = "64Mi",
): Promise<void> {
  await cluster.apply(claim(namespace, name, size), writerPod(namespace, name, command))
  const pod = `write-${name}`
  const phase = await waitFor(
    `pod ${pod}`,
    async () => {
      const found = await cluster.get<{ status?: { phase?: string } }>("pod", pod, namespace)
      return /Succeeded|Failed/.test(found?.status?.phase ?? "") && found?.status?.phase
    },
    { seconds: 120, describe: async () => (await cluster.kubectl(["describe", "pod", pod, "-n", namespace])).stdout },
  )
  const log = (await cluster.kubectl(["logs", pod, "-n", namespace])).stdout
  await cluster.kubectl(["delete", "pod", pod, "-n", namespace])
  if (phase !== "Succeeded") throw new Error(`pod ${pod} failed: ${log}`)
}

const claim = (namespace: string, name: string, storage: string) => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name, namespace },
  spec: {
    accessModes: ["ReadWriteOnce"],
    volumeMode: "Block",
    storageClassName: "loop",
    resources: { requests: { storage } },
  },
})

const writerPod = (namespace: string, name: string, command: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: `write-${name}`, namespace },
  spec: {
    restartPolicy: "Never",
    securityContext: restrictedPod,
    containers: [
      {
        name: "write",
        image: "localhost/tools:dev",
        imagePullPolicy: "Never",
        command: ["bash", "-euc", `PATH=$PATH:/sbin:/usr/sbin; ${command}`],
        securityContext: restrictedContainer,
        volumeDevices: [{ name: "disk", devicePath: "/dev/disk" }],
      },
    ],
    volumes: [{ name: "disk", persistentVolumeClaim: { claimName: name } }],
  },
})
