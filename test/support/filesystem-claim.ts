import { type Cluster } from "./cluster.ts"
import { restrictedContainer, restrictedPod } from "./restricted.ts"
import { waitFor } from "./wait.ts"

/** A claim with volumeMode Filesystem; `snapshot`: made from that VolumeSnapshot. */
export const filesystemClaim = (namespace: string, name: string, snapshot?: string): object => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name, namespace },
  spec: {
    accessModes: ["ReadWriteOnce"],
    volumeMode: "Filesystem",
    storageClassName: "loop",
    resources: { requests: { storage: "128Mi" } },
    ...(snapshot !== undefined && {
      dataSource: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: snapshot },
    }),
  },
})

/** Runs a shell command in a restricted pod that has the claim at /data, and says what it printed. */
export async function inPod(cluster: Cluster, namespace: string, claim: string, command: string): Promise<string> {
  const pod = `with-${claim}`
  await cluster.apply(podManifest(namespace, pod, claim, command))
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
  return log
}

const podManifest = (namespace: string, name: string, claim: string, command: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace },
  spec: {
    restartPolicy: "Never",
    securityContext: { ...restrictedPod, fsGroup: 1000 },
    containers: [
      {
        name: "run",
        image: "localhost/tools:dev",
        imagePullPolicy: "Never",
        command: ["bash", "-euc", command],
        workingDir: "/data",
        securityContext: restrictedContainer,
        volumeMounts: [{ name: "data", mountPath: "/data" }],
      },
    ],
    volumes: [{ name: "data", persistentVolumeClaim: { claimName: claim } }],
  },
})
