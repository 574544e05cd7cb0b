import { type Sample, type Scrape, sum } from "./prometheus.ts"

/** The value that a share `q` of all values doesn't pass (nearest rank); undefined when there are none. */
export function percentile(values: readonly number[], q: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]
}

/**
 * The same of a histogram, as PromQL's histogram_quantile estimates it: linearly within a bucket. Of what is above the
 * last bound it is only known that it is above.
 */
export function quantile(scrape: Scrape, histogram: string, q: number): number | undefined {
  const isOf = ({ name }: Sample) => name === `${histogram}_bucket`
  const bounds = [...new Set(scrape.filter(isOf).map(({ labels }) => bound(labels)))].sort((a, b) => a - b)
  const buckets = bounds.map((le) => ({
    le,
    count: sum(scrape, `${histogram}_bucket`, (labels) => bound(labels) === le),
  }))
  const total = buckets.at(-1)?.count ?? 0
  if (total === 0) return undefined
  const index = buckets.findIndex(({ count }) => count >= q * total)
  const lower = buckets[index - 1] ?? { le: 0, count: 0 }
  const { le = 0, count = 0 } = buckets[index] ?? {}
  if (le === Infinity) return lower.le
  return lower.le + ((le - lower.le) * (q * total - lower.count)) / Math.max(1, count - lower.count)
}

const bound = (labels: Sample["labels"]) => (labels["le"] === "+Inf" ? Infinity : Number(labels["le"]))
