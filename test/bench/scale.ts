import { operatorsSound } from "../faults/hands/operator.ts"
import { type Cluster, repository } from "../support/cluster.ts"
import { installChart } from "../support/install.ts"
import { administrator } from "../support/kube.ts"
import { run } from "../support/run.ts"
import type { Bench, Outcome } from "./bench.ts"
import { onCluster } from "./on-cluster.ts"
import { progress } from "./progress.ts"
import { besideFailing } from "./scale/failing.ts"
import { type Failover, failover } from "./scale/failover.ts"
import { fakeNodes, onFakeNodes } from "./scale/fake-nodes.ts"
import { makeGrounds } from "./scale/grounds.ts"
import { Pods } from "./scale/pods.ts"
import { besideLine, failoverLine, roundsTable } from "./scale/report.ts"
import { type Round, round } from "./scale/round.ts"

const namespaces = 20
const settings = ["limits.sessionsPerNamespace=0", "limits.sessionsPerCluster=0", "replicas=2"]

/**
 * What many sessions at once cost the operator. Real are the API server, the operator as the chart installs it, the
 * clones, and what the pods answer on their control ports; only the nodes are fake, so that no pod mounts or serves
 * anything, and none takes time for it. Everything runs on this machine: times are upper bounds, requests are not.
 */
export const scale: Bench = {
  about: "[--sessions 10,100,1000]: so many sessions at once, a lost leader, and sessions that fail for ever",
  run: ({ sessions }) => onCluster((cluster) => measure(cluster, sessions)),
}

async function measure(cluster: Cluster, sessions: readonly number[]): Promise<Outcome> {
  await run(`${repository}scripts/images.sh`, ["operator"])
  await using _surroundings = await fakeNodes(cluster)
  await installChart(cluster, ...settings, ...onFakeNodes)
  await operatorsSound(cluster)
  const kube = administrator(cluster, { rate: { qps: 1000, burst: 1000 } })
  try {
    await using pods = new Pods(kube)
    await using grounds = await makeGrounds(cluster, kube, namespaces)
    const room = { cluster, kube, namespaces: grounds.namespaces }
    const rounds: Round[] = []
    let lost: Failover | undefined
    const most = Math.max(...sessions)
    for (const count of sessions) {
      const kill = async () => void (lost = await failover(cluster))
      rounds.push(await round(room, count, count === most ? kill : undefined))
      console.error(roundsTable(rounds))
      await operatorsSound(cluster)
    }
    const beside = await besideFailing(room, rounds)
    progress("done")
    return {
      tables: [roundsTable(rounds), ...(lost ? [failoverLine(most, lost)] : []), besideLine(beside)],
      figures: { rounds, failover: lost, beside },
      deviations: [...rounds, ...(lost ? [lost] : []), beside]
        .flatMap((one) => one.deviations)
        .concat(pods.failures.map((words) => `the answering of the pods failed: ${words}`)),
    }
  } finally {
    kube.connection.close()
  }
}
