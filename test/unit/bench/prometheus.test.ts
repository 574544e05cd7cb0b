import { expect, test } from "vitest"
import { createMetrics } from "../../../src/observability/metrics.ts"
import { grown, parseMetrics, sum } from "../../bench/figures/prometheus.ts"

test("samples with and without labels, escapes, infinities and times; all else is passed over", () => {
  const text = [
    "# HELP up Whether it is up.",
    "# TYPE up gauge",
    "up 1",
    'waits_bucket{le="+Inf",name="a"} 3 1700000000000',
    String.raw`odd{words="a\"b\\c\nd, e=\"f\""} -Inf`,
    "",
    "no sample",
  ].join("\n")
  expect(parseMetrics(text)).toEqual([
    { name: "up", labels: {}, value: 1 },
    { name: "waits_bucket", labels: { le: "+Inf", name: "a" }, value: 3 },
    { name: "odd", labels: { words: 'a"b\\c\nd, e="f"' }, value: -Infinity },
  ])
})

test("what the operator itself prints: by how much its counters have grown", async () => {
  const metrics = createMetrics({
    phases: () => ({}),
    copies: () => ({}),
    waitingForPlace: () => 0,
    queueDepth: () => 0,
    leading: () => true,
  })
  metrics.requested("get", "pods", 200, 0.1)
  const before = parseMetrics(await metrics.render())
  for (const status of [200, 404]) metrics.requested("get", "pods", status, 0.1)
  metrics.requested("get", "leases", 200, 0.1)
  const used = grown(before, parseMetrics(await metrics.render()))
  const name = "filerecovery_api_request_duration_seconds_count"
  expect(sum(used, name)).toBe(3)
  expect(sum(used, name, ({ resource }) => resource === "pods")).toBe(2)
  expect(sum(used, "never_heard_of")).toBe(0)
})
