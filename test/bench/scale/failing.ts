import type { SessionStatus } from "../../../src/api/status.ts"
import { progress } from "../progress.ts"
import { Crowd } from "./crowd.ts"
import { forlorn, lostSnapshot } from "./grounds.ts"
import { type Cost, Meter } from "./operators.ts"
import { type Room, round, type Round } from "./round.ts"
import { setTimeout as delay } from "node:timers/promises"

/** Good sessions alone, and the same beside some that fail for ever. */
export interface Beside {
  readonly failing: number
  /** What the failing ones cost by themselves. */
  readonly failingCost: Cost
  readonly alone: Round
  readonly beside: Round
  /** How much longer one of the good ones takes until it is Ready: 1 is no longer. */
  readonly slower: { readonly p50: number; readonly p95: number }
  readonly deviations: readonly string[]
}

const failing = 50
const goodOnes = 100
const aloneMs = 30_000

const saysWhy = ({ conditions }: SessionStatus) =>
  conditions?.some(({ type, reason }) => type === "Ready" && /^(SnapshotNotFound|CloneFailed)$/.test(reason)) === true

/** Half of them wait for a snapshot that isn't there, half for a clone that the driver can't make. */
export async function besideFailing(room: Room, known: readonly Round[]): Promise<Beside> {
  const alone = known.find(({ sessions }) => sessions === goodOnes) ?? (await round(room, goodOnes))
  await using crowd = new Crowd(room.kube, "failing")
  const sources = Array.from({ length: failing }, (_, index) => ({
    volumeSnapshots: [{ name: index % 2 === 0 ? "never-taken" : lostSnapshot }],
  }))
  await crowd.create([forlorn], sources)
  await crowd.untilAll("say why they fail", saysWhy, 120)
  const meter = await Meter.ofLeader(room.cluster)
  await delay(aloneMs)
  const failingCost = await meter.read()
  const beside = await round(room, goodOnes)
  const still = crowd.count(saysWhy)
  await crowd.remove(180)
  progress("the failing sessions are gone")
  const slower = {
    p50: beside.eachSeconds.p50 / alone.eachSeconds.p50,
    p95: beside.eachSeconds.p95 / alone.eachSeconds.p95,
  }
  const deviations = [
    ...(known.includes(alone) ? [] : alone.deviations),
    ...beside.deviations,
    ...(still === failing ? [] : [`only ${still} of ${failing} sessions still failed at the end`]),
  ]
  return { failing, failingCost, alone, beside, slower, deviations }
}
