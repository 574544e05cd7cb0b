import { type Cluster } from "../support/cluster.ts"
import { filesystemClaim, inPod } from "../support/filesystem-claim.ts"
import { snapshotHashes, makeNamespace } from "../support/shop.ts"
import { makeDisk } from "../support/small-disk.ts"
import { takeSnapshots } from "../support/snapshot.ts"
import { writeKnownFile } from "./known-file.ts"

/** Where faults are played: a namespace with one claim, the known file on it, and a snapshot of that. */
export interface Stage {
  readonly cluster: Cluster
  readonly namespace: string
  /** Size of the known file. */
  readonly bytes: number
  /** sha256 of the driver's files behind the snapshots, as they were when the stage was made. */
  readonly source: ReadonlyMap<string, string>
}

export const claim = "ledger"
export const snapshot = "nightly"
/** The known file, in the file system that the claim holds, and in any session. */
export const knownFile = "ledger.db"
export const knownPath = `/${claim}/${knownFile}`

const mib = 2 ** 20

export interface StageOptions {
  readonly namespace: string
  /** Size of the known file. */
  readonly bytes: number
  /** Of the claim. As Filesystem it is as large as filesystemClaim makes it. */
  readonly volumeMode?: "Block" | "Filesystem"
}

export async function makeStage(
  cluster: Cluster,
  { namespace, bytes, volumeMode = "Block" }: StageOptions,
): Promise<Stage> {
  await makeNamespace(cluster, namespace)
  if (volumeMode === "Block") {
    // the file system needs room for itself
    const size = `${Math.ceil(bytes / mib / 7) * 8 + 16}Mi`
    const write = `mkdir /tmp/d; ${writeKnownFile(`/tmp/d/${knownFile}`, bytes)}; mkfs.ext4 -q -d /tmp/d /dev/disk`
    await makeDisk(cluster, namespace, claim, write, size)
  } else {
    await cluster.apply(filesystemClaim(namespace, claim))
    await inPod(cluster, namespace, claim, `${writeKnownFile(knownFile, bytes)}; sync`)
  }
  await takeSnapshots(cluster, namespace, [{ claim, name: snapshot }])
  return { cluster, namespace, bytes, source: await snapshotHashes(cluster, namespace) }
}

export async function removeStage({ cluster, namespace }: Pick<Stage, "cluster" | "namespace">): Promise<void> {
  await cluster.kubectl(["delete", "namespace", namespace, "--ignore-not-found", "--timeout=180s"])
}

/** Snapshots that are no longer what they were. */
export async function changedSnapshots({ cluster, namespace, source }: Stage): Promise<string[]> {
  const now = await snapshotHashes(cluster, namespace)
  return [...source].filter(([name, hash]) => now.get(name) !== hash).map(([name]) => `snapshot ${name} has changed`)
}
