import { setTimeout as delay } from "node:timers/promises"
import type { Kube } from "../../../src/kube/kube.ts"
import type { Cluster } from "../../support/cluster.ts"
import { takeInventory } from "../../support/inventory.ts"
import { nothingLeft } from "../../support/nothing-left.ts"
import { percentile } from "../figures/quantiles.ts"
import { progress } from "../progress.ts"
import { Crowd } from "./crowd.ts"
import { claim } from "./grounds.ts"
import { type Cost, Meter } from "./operators.ts"

export interface Room {
  readonly cluster: Cluster
  readonly kube: Kube
  readonly namespaces: readonly string[]
}

/** What so many sessions at once took. */
export interface Round {
  readonly sessions: number
  /** From the first one's creation until all were Ready. */
  readonly readySeconds: number
  /** From creation to Ready, of one session. */
  readonly eachSeconds: { readonly p50: number; readonly p95: number }
  /** From the first one's end until all were Unmounted. */
  readonly releasedSeconds: number
  readonly starting: Cost
  /** All Ready, nothing happens. */
  readonly living: Cost
  readonly ending: Cost
  readonly peakBytes: number
  readonly deviations: readonly string[]
}

/** How long so many sessions may take until this is called a failure, seconds. */
const patience = (sessions: number) => 120 + 3 * sessions
const livingMs = 30_000
/** Finished sessions keep their summary; the operators' own containers may be new ones. */
const mayStay = /^FileRecoverySession |^mount on n[0-9]+: \/run\/containerd\//

/** Creates the sessions, waits, lets them live for a while, and ends them. `alive` happens to them in between. */
export async function round(room: Room, sessions: number, alive?: () => Promise<void>): Promise<Round> {
  const { cluster, kube, namespaces } = room
  const deviations: string[] = []
  const held = async (step: Promise<unknown>) =>
    void (await step.catch((error: unknown) => {
      deviations.push(`${sessions} sessions: ${(error as Error).message}`)
      progress(deviations.at(-1) ?? "")
    }))
  const before = await takeInventory(cluster)
  await using crowd = new Crowd(kube, `crowd-${sessions}`)
  let meter = await Meter.ofLeader(cluster)
  const created = performance.now()
  await crowd.create(
    namespaces,
    Array.from({ length: sessions }, () => source),
  )
  progress(`${sessions} sessions are created`)
  await held(crowd.until("Ready", patience(sessions)))
  const readySeconds = (performance.now() - created) / 1000
  const starting = await meter.read()
  await delay(livingMs)
  const living = await meter.read()
  let { peakBytes } = meter
  if (alive) {
    await alive()
    meter = await Meter.ofLeader(cluster)
  }
  const asked = performance.now()
  await crowd.unmount()
  await held(crowd.until("Unmounted", patience(sessions)))
  const releasedSeconds = (performance.now() - asked) / 1000
  const ending = await meter.read()
  peakBytes = Math.max(peakBytes, meter.peakBytes)
  await held(nothingLeft(cluster, before, mayStay))
  await crowd.remove(120)
  const each = (q: number) => percentile(crowd.readySeconds, q) ?? Number.NaN
  const eachSeconds = { p50: each(0.5), p95: each(0.95) }
  return { sessions, readySeconds, eachSeconds, releasedSeconds, starting, living, ending, peakBytes, deviations }
}

export const source = { persistentVolumeClaims: [{ name: claim }] }
