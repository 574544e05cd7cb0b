import { readFileSync, writeFileSync } from "node:fs"
import type { Pod } from "../../../src/kube/objects.ts"
import { leaderPod, operatorProcess } from "../../faults/hands/operator.ts"
import type { Cluster } from "../../support/cluster.ts"
import { grown, parseMetrics, type Scrape, sum } from "../figures/prometheus.ts"
import { quantile } from "../figures/quantiles.ts"

/** What one operator has used up over some time. */
export interface Cost {
  readonly seconds: number
  /** To the API server, without those for the lease. */
  readonly requests: number
  /** The same by verb and resource, the most first: where they come from. */
  readonly byKind: Readonly<Record<string, number>>
  readonly reconciles: number
  readonly failures: number
  readonly cpuSeconds: number
  /** How long sessions whose turn had come waited for a worker, in seconds. */
  readonly queue: { readonly p50: number; readonly p95: number; readonly p99: number }
}

/** The metrics of an operator as they are now, over HTTP as Prometheus reads them. */
export async function scrape(pod: Pod): Promise<Scrape> {
  const answer = await fetch(`http://${pod.status?.podIP}:8080/metrics`, { signal: AbortSignal.timeout(10_000) })
  if (!answer.ok) throw new Error(`${pod.metadata?.name} answered ${answer.status}`)
  return parseMetrics(await answer.text())
}

const requestCount = "filerecovery_api_request_duration_seconds_count"
const reconcileCount = "filerecovery_reconcile_duration_seconds_count"
const isSession = ({ resource }: Readonly<Record<string, string>>) => resource !== "leases"

/** All requests so far but those for the lease, which have a limit of their own. */
export const requestsIn = (metrics: Scrape): number => sum(metrics, requestCount, isSession)
export const reconcilesIn = (metrics: Scrape): number => sum(metrics, reconcileCount)

/** Reads what the leader uses up from now on. */
export class Meter {
  readonly #pod: Pod
  #last: { readonly at: number; readonly metrics: Scrape }

  private constructor(pod: Pod, metrics: Scrape) {
    this.#pod = pod
    this.#last = { at: performance.now(), metrics }
  }

  static async ofLeader(cluster: Cluster): Promise<Meter> {
    const pod = await leaderPod(cluster)
    resetPeak(operatorProcess(pod))
    return new Meter(pod, await scrape(pod))
  }

  /** What was used since the last reading. */
  async read(): Promise<Cost> {
    const [before, after] = [this.#last, { at: performance.now(), metrics: await scrape(this.#pod) }]
    this.#last = after
    return costOf(grown(before.metrics, after.metrics), (after.at - before.at) / 1000)
  }

  /** The most memory that was resident since the beginning, in bytes. */
  get peakBytes(): number {
    const status = readFileSync(`/proc/${operatorProcess(this.#pod)}/status`, "utf8")
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024
  }
}

export function costOf(used: Scrape, seconds: number): Cost {
  const histogram = "workqueue_queue_duration_seconds"
  const wait = (q: number) => quantile(used, histogram, q) ?? 0
  return {
    seconds,
    requests: requestsIn(used),
    byKind: byKind(used),
    reconciles: reconcilesIn(used),
    failures: sum(used, reconcileCount, ({ result }) => result === "error"),
    cpuSeconds: sum(used, "process_cpu_seconds_total"),
    queue: { p50: wait(0.5), p95: wait(0.95), p99: wait(0.99) },
  }
}

function byKind(used: Scrape): Record<string, number> {
  const counts = new Map<string, number>()
  for (const { name, labels, value } of used) {
    if (name !== requestCount || value === 0 || !isSession(labels)) continue
    const key = `${labels["verb"]} ${labels["resource"]}`
    counts.set(key, (counts.get(key) ?? 0) + value)
  }
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a))
}

/** proc(5): writing 5 to clear_refs resets the peak. */
function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5")
}
