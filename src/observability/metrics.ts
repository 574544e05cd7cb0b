import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client"

/** What is read at the moment of each scrape. */
export interface MetricSources {
  /** How many sessions there are in each phase. */
  phases(): Readonly<Record<string, number>>
  /** How many copies into claims there are in each phase. */
  copies(): Readonly<Record<string, number>>
  /** Sessions in Pending that only the limits keep from starting. */
  waitingForPlace(): number
  queueDepth(): number
  leading(): boolean
}

/** The operator's metrics, in the Prometheus text format. */
export interface Metrics {
  /** A worker has taken a session that had waited for one. */
  taken(waitedSeconds: number): void
  reconciled(seconds: number, failed: boolean): void
  /** `status` is the HTTP status, 0 when there was no answer. */
  requested(verb: string, resource: string, status: number, seconds: number): void
  watchFailed(resource: string): void
  orphansRemoved(kind: string, count: number): void
  /** Now a sweep for orphans has ended well. */
  swept(): void
  render(): Promise<string>
}

/** The operator's metrics, with those of the process; `render` gives the text format of Prometheus. */
export function createMetrics(sources: MetricSources): Metrics {
  const registers = [new Registry()]
  const [registry] = registers as [Registry]
  collectDefaultMetrics({ register: registry })
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  gauge("filerecovery_sessions_queued", "Sessions that wait for a place in the limits.", () =>
    sources.waitingForPlace(),
  )
  gauge("filerecovery_queue_depth", "Sessions that wait for a worker.", () => sources.queueDepth())
  gauge("filerecovery_leader", "1 while this operator leads.", () => (sources.leading() ? 1 : 0))
  const byPhase = (name: string, help: string, read: () => Readonly<Record<string, number>>) => {
    const gauge = new Gauge({
      name,
      help,
      labelNames: ["phase"],
      registers,
      collect() {
        gauge.reset()
        for (const [phase, count] of Object.entries(read())) gauge.set({ phase }, count)
      },
    })
  }
  byPhase("filerecovery_sessions", "Sessions by phase.", () => sources.phases())
  byPhase("filerecovery_copies", "Copies into claims by phase.", () => sources.copies())
  // called and labelled as in every operator made with controller-runtime, so that its dashboards show this one, too
  const waits = new Histogram({
    name: "workqueue_queue_duration_seconds",
    help: "How long a session whose turn had come waited for a worker.",
    labelNames: ["name"],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers,
  })
  const reconciles = new Histogram({
    name: "filerecovery_reconcile_duration_seconds",
    help: "How long one reconcile of one session takes.",
    labelNames: ["result"],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60],
    registers,
  })
  const requests = new Histogram({
    name: "filerecovery_api_request_duration_seconds",
    help: "Requests to the Kubernetes API; status 0 is no answer.",
    labelNames: ["verb", "resource", "status"],
    buckets: [0.01, 0.1, 1, 10],
    registers,
  })
  const watchFailures = new Counter({
    name: "filerecovery_watch_failures_total",
    help: "Lists and watches that broke and were started again.",
    labelNames: ["resource"],
    registers,
  })
  const orphans = new Counter({
    name: "filerecovery_orphans_removed_total",
    help: "Objects removed whose session was gone without a release, by kind.",
    labelNames: ["kind"],
    registers,
  })
  const swept = new Gauge({
    name: "filerecovery_last_orphan_sweep_timestamp_seconds",
    help: "When the last sweep for orphans ended well, in seconds since 1970; 0 while this operator has made none.",
    registers,
  })
  return {
    taken: (waitedSeconds) => waits.observe({ name: "sessions" }, waitedSeconds),
    reconciled: (seconds, failed) => reconciles.observe({ result: failed ? "error" : "success" }, seconds),
    requested: (verb, resource, status, seconds) => requests.observe({ verb, resource, status }, seconds),
    watchFailed: (resource) => watchFailures.inc({ resource }),
    orphansRemoved: (kind, count) => orphans.inc({ kind }, count),
    swept: () => swept.setToCurrentTime(),
    render: () => registry.metrics(),
  }
}
