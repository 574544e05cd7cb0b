import { expect, test } from "vitest"
import { createMetrics } from "../../../src/observability/metrics.ts"

test("what is counted and what is asked for at each scrape", async () => {
  let phases: Record<string, number> = { Ready: 2, Pending: 1 }
  const metrics = createMetrics({
    phases: () => phases,
    waitingForPlace: () => 7,
    queueDepth: () => 3,
    leading: () => true,
  })
  metrics.reconciled(0.2, false)
  metrics.reconciled(0.2, true)
  metrics.requested("get", "pods", 0, 1)
  metrics.watchFailed("pods")
  const text = await metrics.render()
  for (const line of [
    'filerecovery_sessions{phase="Ready"} 2',
    "filerecovery_sessions_queued 7",
    "filerecovery_queue_depth 3",
    "filerecovery_leader 1",
    'filerecovery_reconcile_duration_seconds_count{result="success"} 1',
    'filerecovery_reconcile_duration_seconds_count{result="error"} 1',
    'filerecovery_api_request_duration_seconds_count{verb="get",resource="pods",status="0"} 1',
    'filerecovery_watch_failures_total{resource="pods"} 1',
  ])
    expect(text).toContain(`${line}\n`)
  phases = { Ready: 1 }
  expect(await metrics.render()).not.toContain('phase="Pending"')
})
