import { setTimeout as delay } from "node:timers/promises"
import { defaultRate } from "../../../src/kube/kube.ts"
import type { Pod } from "../../../src/kube/objects.ts"
import { leaderPod, operatorProcess, operators } from "../../faults/hands/operator.ts"
import type { Cluster } from "../../support/cluster.ts"
import { grown, type Scrape, sum } from "../figures/prometheus.ts"
import { type Count, passed, peakRate } from "../figures/rates.ts"
import { progress } from "../progress.ts"
import { type Cost, costOf, reconcilesIn, requestsIn, scrape } from "./operators.ts"

/** What came after the leader was killed. */
export interface Failover {
  /** Until the next one had reconciled something. */
  readonly seconds: number
  /** The first minute of the next one. */
  readonly firstMinute: Cost
  /** Requests per second, over 10 seconds. */
  readonly peakRate: number
  readonly deviations: readonly string[]
}

/** The lease lasts 15 s, and others look every 2 s. */
const limitSeconds = 20
const window = 10
const everyMs = 500
/** Hardly a request takes longer. */
const lateSeconds = 1

/** Kills the operator that leads, and watches the one that takes over for its first minute. */
export async function failover(cluster: Cluster): Promise<Failover> {
  const leader = await leaderPod(cluster)
  const others = (await operators(cluster)).filter(({ metadata }) => metadata?.uid !== leader.metadata?.uid)
  const [next] = others
  if (!next || others.length > 1) throw new Error(`there are ${others.length} operators beside the leader, not 1`)
  const before = await scrape(next)
  process.kill(operatorProcess(leader), "SIGKILL")
  const killed = performance.now()
  const counts: Count[] = []
  const look = async () => {
    const metrics = await scrape(next)
    counts.push({ at: performance.now() / 1000, requests: requestsIn(metrics) })
    return metrics
  }
  await until(next, look, killed)
  const leading = performance.now()
  const seconds = (leading - killed) / 1000
  progress(`${next.metadata?.name} leads and has reconciled ${seconds.toFixed(1)} s after the other was killed`)
  let last = before
  while (performance.now() - leading < 60_000) {
    await delay(everyMs)
    last = await look()
  }
  const above = passed(counts, defaultRate, lateSeconds)
  return {
    seconds,
    firstMinute: costOf(grown(before, last), (performance.now() - leading) / 1000),
    peakRate: peakRate(counts, window),
    deviations: [
      ...(seconds > limitSeconds ? [`the next leader took ${seconds.toFixed(1)} s, not ${limitSeconds}`] : []),
      ...(above === undefined ? [] : [`the next leader passed its rate limit: ${above}`]),
    ],
  }
}

async function until(next: Pod, look: () => Promise<Scrape>, killed: number): Promise<void> {
  for (;;) {
    const metrics = await look()
    if (sum(metrics, "filerecovery_leader") === 1 && reconcilesIn(metrics) > 0) return
    if (performance.now() - killed > 120_000) throw new Error(`${next.metadata?.name} does not lead after 2 minutes`)
    await delay(everyMs)
  }
}
