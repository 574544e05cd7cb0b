import { table } from "../../../src/cli/table.ts"
import { defaultRate } from "../../../src/kube/kube.ts"
import type { Beside } from "./failing.ts"
import type { Failover } from "./failover.ts"
import type { Cost } from "./operators.ts"
import type { Round } from "./round.ts"

const one = (value: number) => value.toFixed(1)
const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(0)
const milliseconds = ({ queue }: Cost) => [queue.p50, queue.p95, queue.p99].map((s) => (s * 1000).toFixed(0)).join("/")

const heads = [
  ["sessions", "all Ready s", "each p50/p95 s", "released s"],
  ["requests start+end", "reconciles start+end", "CPU s", "RSS MiB"],
  ["queue ms p50/p95/p99", "living: requests/s", "CPU %", "queue ms"],
].flat()

/** A row per number of sessions. Requests and reconciles are per session, CPU and memory the leader's. */
export function roundsTable(rounds: readonly Round[]): string {
  return table(heads, rounds.map(row))
}

function row({ sessions, readySeconds, eachSeconds, releasedSeconds, starting, living, ending, peakBytes }: Round) {
  const each = (of: (cost: Cost) => number) => `${one(of(starting) / sessions)} + ${one(of(ending) / sessions)}`
  return [
    `${sessions}`,
    one(readySeconds),
    `${one(eachSeconds.p50)} / ${one(eachSeconds.p95)}`,
    one(releasedSeconds),
    each(({ requests }) => requests),
    each(({ reconciles }) => reconciles),
    one(starting.cpuSeconds + ending.cpuSeconds),
    mib(peakBytes),
    milliseconds(starting),
    one(living.requests / living.seconds),
    ((living.cpuSeconds / living.seconds) * 100).toFixed(0),
    milliseconds(living),
  ]
}

export function failoverLine(sessions: number, { seconds, firstMinute, peakRate }: Failover): string {
  const { requests, reconciles } = firstMinute
  const { qps, burst } = defaultRate
  return (
    `Leader killed with ${sessions} live sessions: the next one has reconciled after ${one(seconds)} s; in its first minute ` +
    `${requests} requests (at most ${one(peakRate)}/s over 10 s; its limit is ${qps}/s, ${burst} at once), ${reconciles} ` +
    `reconciles, queue p50/p95/p99 ${milliseconds(firstMinute)} ms.\n`
  )
}

export function besideLine({ failing, failingCost, alone, beside, slower }: Beside): string {
  const times = ({ eachSeconds: { p50, p95 } }: Round) => `${one(p50)} / ${one(p95)} s`
  return (
    `${failing} sessions that fail for ever: ${one(failingCost.requests / failingCost.seconds)} requests/s; beside them ` +
    `${beside.sessions} good ones are Ready after (p50 / p95) ${times(beside)}, alone after ${times(alone)}: ` +
    `${slower.p50.toFixed(2)} / ${slower.p95.toFixed(2)} times as long.\n`
  )
}
