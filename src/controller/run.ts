import { randomUUID } from "node:crypto"
import { hostname } from "node:os"
import type { KubeConfig } from "@kubernetes/client-node"
import type { Settings } from "../api/settings.ts"
import { aborted } from "../kube/clock.ts"
import { KubeEventRecorder } from "../kube/events.ts"
import { openKube } from "../kube/kube.ts"
import { LeaderLease } from "../kube/lease.ts"
import { serveHealth } from "../observability/health.ts"
import type { Log } from "../observability/log.ts"
import { createMetrics } from "../observability/metrics.ts"
import { authorityFiles } from "./authority-files.ts"
import { Definitions } from "./definitions.ts"
import { orphanKinds } from "./gather-orphans.ts"
import { RecoveryOperator } from "./operator.ts"
import { Places } from "./places.ts"
import { makeReconciler } from "./reconcile.ts"
import { sweepForOrphans } from "./sweep.ts"

export interface RunOptions {
  readonly config: KubeConfig
  readonly settings: Settings
  readonly log: Log
  /** Aborts to stop in order. */
  readonly signal: AbortSignal
}

/**
 * Runs the operator: health and watches at once, reconciles while it holds the lease. `lost`: another may lead already,
 * so the caller must end the process. Rejects when it can't start: the authority can't be read, the port is taken.
 */
export async function runOperator({ config, settings, log, signal }: RunOptions): Promise<"stopped" | "lost"> {
  const identity = `${process.env["POD_NAME"] ?? hostname()}_${randomUUID()}`
  const files = authorityFiles(settings.authorityDir)
  // whoever can't read them finds out now, not at the first session
  files.authority()
  files.masterKey()
  let leading = false
  const metrics = createMetrics({
    phases: () => countBy(operator.sessions.list(), ({ status }) => status?.phase ?? "Pending"),
    copies: () => countBy(operator.copies.list(), ({ status }) => status?.phase ?? "Pending"),
    waitingForPlace: () => places.waiting,
    queueDepth: () => operator.queueDepth,
    leading: () => leading,
  })
  // a counter that isn't there can't be seen to rise
  for (const kind of orphanKinds) metrics.orphansRemoved(kind, 0)
  const kube = openKube(config, {
    rate: settings.kubeApi,
    observe: ({ what, resource }, status, seconds) =>
      metrics.requested(what.split(" ")[0] ?? "", resource, status, seconds),
  })
  const { sessionsPerNamespace, sessionsPerCluster } = settings.limits
  const places = new Places({ namespace: sessionsPerNamespace, cluster: sessionsPerCluster }, (key) =>
    operator.look(key),
  )
  const operator = new RecoveryOperator({
    transport: kube.transport,
    client: kube.client,
    instance: settings.instance,
    log,
    queue: {
      workers: settings.workers,
      onFailure: (session, err, waitMs) => log.warn({ session, err, waitMs }, "a reconcile failed and is tried again"),
      onTaken: (_, waitedSeconds) => metrics.taken(waitedSeconds),
      onDone: (_, seconds, failed) => metrics.reconciled(seconds, failed),
    },
    onWatchFailure: (resource) => metrics.watchFailed(resource),
    onSession: (change) => places.changed(change),
  })
  const events = new KubeEventRecorder({
    client: kube.client,
    instance: identity,
    onFailure: (err) => log.warn({ err }, "an event can't be written"),
  })
  const lease = new LeaderLease({
    client: kube.leaseClient,
    name: settings.leaseName,
    namespace: settings.operatorNamespace,
    identity,
    onFailure: (err) => log.warn({ err }, "the lease can't be taken or renewed"),
    onHolder: (holder) => log.info({ holder }, "the leader"),
  })
  const definitions = new Definitions(kube.client, (problem) => log.error({}, problem))
  await operator.start()
  const health = await serveHealth({
    port: settings.healthPort,
    notReady: () => [
      ...definitions.problems,
      ...operator.notSynced.map((resource) => `${resource} were not listed yet`),
    ],
    metrics: () => metrics.render(),
  })
  try {
    // whoever can't list, or could not write, doesn't stand for election
    await Promise.race([Promise.all([definitions.complete(signal), operator.synced()]), aborted(signal)])
    const reconciler = makeReconciler({
      kube: kube.client,
      stores: operator.children,
      places,
      events,
      settings,
      authority: () => files.authority(),
      masterKey: () => files.masterKey(),
      now: () => new Date(),
      onOrphanRemoved: (kind) => metrics.orphansRemoved(kind, 1),
      log,
    })
    return await lease.run(signal, async (held) => {
      leading = true
      log.info({ identity }, "leading")
      await Promise.all([
        operator.lead(held, reconciler),
        sweepForOrphans({
          suspects: () => operator.suspects,
          visit: (key) => operator.visit(key),
          onSwept: () => metrics.swept(),
          signal: held,
        }),
      ])
      await events.flush()
      leading = false
    })
  } finally {
    operator.stop()
    await operator.stopped()
    await health.close()
    kube.connection.close()
  }
}

function countBy<T>(items: readonly T[], groupOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const item of items) counts[groupOf(item)] = (counts[groupOf(item)] ?? 0) + 1
  return counts
}
