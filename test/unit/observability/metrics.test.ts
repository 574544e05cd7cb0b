import { expect, test } from "vitest"
import { createMetrics } from "../../../src/observability/metrics.ts"

test("what is counted and what is asked for at each scrape", async () => {
  let phases: Record<string, number> = { Ready: 2, Pending: 1 }
  const metrics = createMetrics({
    phases: () => phases,
    copies: () => ({ Copying: 4 }),
    waitingForPlace: () => 7,
    queueDepth: () => 3,
    leading: () => true,
  })
  metrics.taken(0.02)
  metrics.reconciled(0.2, false)
  metrics.reconciled(0.2, true)
  metrics.requested("get", "pods", 0, 1)
  metrics.watchFailed("pods")
  metrics.orphansRemoved("Pod", 1)
  const text = await metrics.render()
  for (const line of [
    'filerecovery_sessions{phase="Ready"} 2',
    'filerecovery_copies{phase="Copying"} 4',
    "filerecovery_sessions_queued 7",
    "filerecovery_queue_depth 3",
    "filerecovery_leader 1",
    'workqueue_queue_duration_seconds_bucket{le="0.01",name="sessions"} 0',
    'workqueue_queue_duration_seconds_bucket{le="0.05",name="sessions"} 1',
    'filerecovery_reconcile_duration_seconds_count{result="success"} 1',
    'filerecovery_reconcile_duration_seconds_count{result="error"} 1',
    'filerecovery_api_request_duration_seconds_count{verb="get",resource="pods",status="0"} 1',
    'filerecovery_watch_failures_total{resource="pods"} 1',
    'filerecovery_orphans_removed_total{kind="Pod"} 1',
    "filerecovery_last_orphan_sweep_timestamp_seconds 0",
  ])
    expect(text).toContain(`${line}\n`)
  phases = { Ready: 1 }
  expect(await metrics.render()).not.toContain('phase="Pending"')
})

test("a sweep that ended well leaves its time", async () => {
  const metrics = createMetrics({
    phases: () => ({}),
    copies: () => ({}),
    waitingForPlace: () => 0,
    queueDepth: () => 0,
    leading: () => true,
  })
  const before = Date.now() / 1000
  metrics.swept()
  const at = Number(/^filerecovery_last_orphan_sweep_timestamp_seconds (.*)$/m.exec(await metrics.render())?.[1])
  expect(at).toBeGreaterThanOrEqual(before)
  expect(at).toBeLessThanOrEqual(Date.now() / 1000)
})
