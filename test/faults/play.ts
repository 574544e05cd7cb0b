import { type Cluster } from "../support/cluster.ts"
import { waitFor } from "../support/wait.ts"
import { act } from "./act.ts"
import { type Census, differences, takeCensus, takeCensusAtRest } from "./census.ts"
import type { Fault } from "./fault.ts"
import { Scene, type Seen } from "./scene.ts"
import { sound } from "./sound.ts"
import { changedSnapshots, removeStage, type Stage } from "./stage.ts"
import { wordsOf } from "../support/error-words.ts"

/** What came of a fault. */
export interface Result {
  readonly fault: string
  /** What the session was seen to do from the strike on. */
  readonly session: readonly Seen[]
  /** From the strike, or from when it was taken away, until the session had recovered or ended. */
  readonly seconds: number | undefined
  readonly objects: { readonly before: number; readonly after: number }
  readonly wrongBytes: number | undefined
  /** What is not as it should be; empty when all is well. */
  readonly deviations: readonly string[]
}

export interface Played {
  readonly result: Result
  readonly after: Census
}

/** A stage that is there and stays, or one to be made for this play only. */
export type Where = { stage: Stage } | { build: () => Promise<Stage> }

export interface Play {
  readonly cluster: Cluster
  readonly fault: Fault
  /** Of the session. */
  readonly name: string
  readonly where: Where
  /** What there was after the play before this one. */
  readonly earlier: Census | undefined
  /** How long afterwards it may take until nothing is left. */
  readonly settleSeconds: number
}

/** Plays one fault to its end and looks whether everything is then as it should be. Also tells what there is afterwards. */
export async function play({ cluster, fault, name, where, earlier, settleSeconds }: Play): Promise<Played> {
  const deviations: string[] = []
  await sound(cluster)
  const before = await takeCensusAtRest(cluster, earlier)
  const stage = "stage" in where ? where.stage : await where.build()
  const scene = new Scene(stage, name)
  const notes = await act(scene, fault)
  await sound(cluster)
  deviations.push(...notes.deviations, ...(await clear(scene)))
  await scene.close()
  if ("stage" in where) deviations.push(...(await changedSnapshots(stage)))
  else await removeStage(stage)
  const after = await settled(cluster, before, settleSeconds)
  deviations.push(...differences(before, after))
  const { seconds, wrongBytes } = notes
  const objects = { before: before.total, after: after.total }
  const session = scene.seen.slice(notes.firstSeen)
  return { result: { fault: fault.name, session, seconds, objects, wrongBytes, deviations }, after }
}

/** Waits until everything is as before; what there is instead, when that takes too long. */
async function settled(cluster: Cluster, before: Census, seconds: number): Promise<Census> {
  let now = await takeCensus(cluster)
  const same = async () => {
    if (differences(before, now).length === 0) return true
    now = await takeCensus(cluster)
    return false
  }
  await waitFor("everything to be as before", same, { seconds, everyMs: 1000 }).catch(() => undefined)
  return now
}

/** Deletes the session, if there is one. One that doesn't go loses its finalizer, so that the next fault isn't disturbed. */
async function clear(scene: Scene): Promise<string[]> {
  const session = ["frsess", scene.name]
  try {
    await scene.kubectl("delete", ...session, "--ignore-not-found", "--timeout=180s")
    return []
  } catch (error) {
    await scene.kubectl("patch", ...session, "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    return [`the session could not be deleted: ${wordsOf(error)}; ${JSON.stringify(scene.status)}`]
  }
}
