import { type Cluster } from "./cluster.ts"
import { waitFor } from "./wait.ts"
import { claims } from "./workload.ts"

/** What demo and tests read of a FileRecoverySession. */
export interface LiveSession {
  metadata: { uid: string; creationTimestamp: string }
  status?: {
    phase?: string
    conditions?: { type: string; status: string; reason: string; message: string; lastTransitionTime: string }[]
    volumes?: { path: string; state: string; filesystem?: string }[]
    disks?: { name: string; sha256Before?: string; sha256After?: string }[]
    release?: { bytesServed?: number; initiatorsAtRelease?: number; writeAttempts?: number; sourceVerified?: boolean }
  }
}

/** The session a person would write: the newest recovery point of three claims. */
export const sessionManifest = (namespace: string, name: string) => ({
  apiVersion: "filerecovery.dev/v1alpha1",
  kind: "FileRecoverySession",
  metadata: { name, namespace },
  spec: { source: { persistentVolumeClaims: claims.map(({ name }) => ({ name })) } },
})

/** Waits for a phase; tells each condition as it changes. Throws with the session's own words when it ends otherwise. */
export async function waitForPhase(
  cluster: Cluster,
  { namespace, name }: { namespace: string; name: string },
  phase: string,
  tell: (line: string) => void = () => {},
): Promise<LiveSession> {
  const start = performance.now()
  const said = new Set<string>()
  const terminal = ["Unmounted", "Expired", "Failed"]
  let last: LiveSession | undefined
  const reached = await waitFor(
    `session ${name} to be ${phase}`,
    async () => {
      last = await cluster.get<LiveSession>("filerecoverysession", name, namespace)
      for (const { type, status, reason, message } of last?.status?.conditions ?? []) {
        const line = `${type}=${status} ${reason}: ${message}`
        if (!said.has(line)) tell(`${((performance.now() - start) / 1000).toFixed(1).padStart(5)} s  ${line}`)
        said.add(line)
      }
      const now = last?.status?.phase ?? ""
      return now === phase || terminal.includes(now) ? last : undefined
    },
    { seconds: 240, describe: () => JSON.stringify(last?.status) },
  )
  if (reached.status?.phase !== phase) throw new Error(`session ${name} ended ${JSON.stringify(reached.status)}`)
  return reached
}
