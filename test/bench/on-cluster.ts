import { type Cluster, openCluster, repository } from "../support/cluster.ts"
import { run } from "../support/run.ts"

const script = `${repository}test/cluster/cluster`

/** Measures on the real cluster: one that is up stays up, any other is taken down at the end. */
export async function onCluster<T>(measure: (cluster: Cluster) => Promise<T>): Promise<T> {
  const isUp = (await run(script, ["status"], { accept: undefined })).code === 0
  try {
    await run(script, ["up"])
    return await measure(await openCluster())
  } finally {
    if (!isUp) await run(script, ["down"])
  }
}
