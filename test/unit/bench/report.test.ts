import { expect, test } from "vitest"
import type { Cost } from "../../bench/scale/operators.ts"
import { besideLine, failoverLine, roundsTable } from "../../bench/scale/report.ts"
import type { Round } from "../../bench/scale/round.ts"

const cost = (requests: number): Cost => ({
  seconds: 10,
  requests,
  byKind: {},
  reconciles: 50,
  failures: 0,
  cpuSeconds: 2.5,
  queue: { p50: 0.001, p95: 0.02, p99: 0.3 },
})

const round: Round = {
  sessions: 10,
  readySeconds: 12.34,
  eachSeconds: { p50: 5, p95: 10 },
  releasedSeconds: 3,
  starting: cost(300),
  living: cost(20),
  ending: cost(105),
  peakBytes: 100 * 2 ** 20,
  deviations: [],
}

test("a row per number of sessions, with what one session costs", () => {
  const [heads = "", row = ""] = roundsTable([round]).split("\n")
  const cells = (line: string) => line.split(/ {2,}/)
  expect(Object.fromEntries(cells(heads).map((head, index) => [head, cells(row)[index]]))).toEqual({
    sessions: "10",
    "all Ready s": "12.3",
    "each p50/p95 s": "5.0 / 10.0",
    "released s": "3.0",
    "requests start+end": "30.0 + 10.5",
    "reconciles start+end": "5.0 + 5.0",
    "CPU s": "5.0",
    "RSS MiB": "100",
    "queue ms p50/p95/p99": "1/20/300",
    "living: requests/s": "2.0",
    "CPU %": "25",
    "queue ms": "1/20/300",
  })
})

test("the lost leader and the failing sessions, in words", () => {
  expect(failoverLine(1000, { seconds: 16.5, firstMinute: cost(2500), peakRate: 49.96, deviations: [] })).toContain(
    "after 16.5 s; in its first minute 2500 requests (at most 50.0/s over 10 s; its limit is 50/s, 100 at once)",
  )
  const beside = { ...round, eachSeconds: { p50: 6, p95: 10 } }
  const slower = { p50: 1.2, p95: 1 }
  expect(besideLine({ failing: 50, failingCost: cost(40), alone: round, beside, slower, deviations: [] })).toBe(
    "50 sessions that fail for ever: 4.0 requests/s; beside them 10 good ones are Ready after (p50 / p95) 6.0 / 10.0 s, " +
      "alone after 5.0 / 10.0 s: 1.20 / 1.00 times as long.\n",
  )
})
