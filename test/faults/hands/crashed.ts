import { dirtyJournalDisk, writeDirtyJournal } from "../../support/dirty-journal.ts"
import { run } from "../../support/run.ts"
import { makeDisk } from "../../support/small-disk.ts"
import { takeSnapshots } from "../../support/snapshot.ts"
import type { Undo } from "../fault.ts"
import type { Scene } from "../scene.ts"
import { claim } from "../stage.ts"

/** A claim whose file system crashed. It is snapshotted together with the one that all share. */
const crashed = "crashed"
const snapshots = [
  { claim, name: "after-crash" },
  { claim: crashed, name: "crashed" },
]

/** What a session asks for that has both. */
export const withCrashed = {
  source: { persistentVolumeClaims: [{ name: claim }, { name: crashed }] },
  recoveryPoint: { name: "crashed" },
}

/** Makes that claim and its snapshot; its journal has so many MiB to be replayed. */
export async function crash(scene: Scene, journalMiB: number): Promise<Undo> {
  const { cluster, namespace } = scene
  await makeDisk(cluster, namespace, crashed, writeDirtyJournal("/dev/disk", journalMiB), dirtyJournalDisk)
  await takeSnapshots(cluster, namespace, snapshots)
  return async () => {
    await scene.kubectl("delete", "volumesnapshot", ...snapshots.map(({ name }) => name))
    await scene.kubectl("delete", "pvc", crashed)
  }
}

/** Rejects unless the session says for this reason that the crashed volume can't be read, and whoever lists it hears so too. */
export async function crashedIsLeftOut({ cluster, namespace, name, status }: Scene, reason: string): Promise<void> {
  const volume = status.volumes?.find(({ path }) => path === crashed)
  if (volume?.reason !== reason) throw new Error(`the volume should say ${reason}: ${JSON.stringify(volume)}`)
  const list = ["ls", "-n", namespace, `${name}:/${crashed}/`]
  const { code, stderr } = await run("kubectl-recover", list, { env: cluster.env, accept: undefined })
  if (code === 0 || !stderr.includes(`(${reason})`)) throw new Error(`listing it ended with ${code}: ${stderr}`)
}
