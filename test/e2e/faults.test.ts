import { readFile } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Fault } from "../faults/fault.ts"
import { quickFaults } from "../faults/groups.ts"
import { knownStart } from "../faults/known-file.ts"
import { Theatre } from "../faults/theatre.ts"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { flipByte } from "../support/flip-byte.ts"
import { installChart } from "../support/install.ts"
import * as shop from "../support/shop.ts"

/** The faults that cost least, and that the harness finds what is wrong. All of them: `npm run test:faults`. */
let cluster: Cluster
let theatre: Theatre

beforeAll(async () => {
  cluster = await openCluster()
  await installChart(cluster)
  theatre = new Theatre(cluster, { settleSeconds: 30 })
})

afterAll(async () => {
  await theatre[Symbol.asyncDispose]()
})

test.each(quickFaults.map((fault) => [fault.name, fault] as const))("%s", async (_, fault) => {
  const result = await theatre.play(fault)
  expect(result.deviations).toEqual([])
})

describe("what must be found", () => {
  test("something left behind, a wrong byte", async () => {
    let namespace = ""
    const planted: Fault = {
      name: "planted",
      at: "Ready",
      strike: async (scene) => {
        ;({ namespace } = scene)
        await cluster.apply({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "planted", namespace } })
        const [clone = ""] = [...(await shop.cloneFiles(cluster, namespace)).values()]
        await flipByte(clone, (await readFile(clone)).indexOf(knownStart()) + 5_000_000)
      },
      outcome: "recovers",
    }
    const result = await theatre.play(planted)
    expect(result.wrongBytes).toBe(1)
    expect(result.deviations).toEqual(["wrong bytes in the file: 1", `left: ConfigMap ${namespace}/planted`])
    await cluster.kubectl(["delete", "configmap", "planted", "-n", namespace])
  })
})
