import { type Cluster } from "../support/cluster.ts"
import type { Census } from "./census.ts"
import type { Fault } from "./fault.ts"
import { play, type Played, type Result } from "./play.ts"
import { makeStage, removeStage, type Stage, type StageOptions } from "./stage.ts"

const mib = 2 ** 20
/** Longer than what lies between target and reader can hold, so that a held download is underway for sure. */
const smallBytes = 96 * mib
const shared = {
  small: { namespace: "faults", bytes: smallBytes },
  "large file": { namespace: "faults-large", bytes: 1024 * mib },
  "Filesystem claim": { namespace: "faults-filesystem", bytes: smallBytes, volumeMode: "Filesystem" },
} as const

/** Plays faults one after the other, on stages that are made when the first fault needs them and removed at the end. */
export class Theatre implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #stages = new Map<string, Stage>()
  readonly #settleSeconds: number
  #played = 0
  #last: Census | undefined

  constructor(cluster: Cluster, { settleSeconds = 90 } = {}) {
    this.#cluster = cluster
    this.#settleSeconds = settleSeconds
  }

  async play(fault: Fault): Promise<Result> {
    const { result, after } = await this.#play(fault)
    this.#last = after
    return result
  }

  async #play(fault: Fault): Promise<Played> {
    const name = `f${++this.#played}`
    const common = { cluster: this.#cluster, fault, name, earlier: this.#last, settleSeconds: this.#settleSeconds }
    if (fault.needs === "own namespace") {
      const build = () => makeStage(this.#cluster, { namespace: `faults-${name}`, bytes: smallBytes })
      return play({ ...common, where: { build } })
    }
    const stage = await this.#stage(shared[fault.needs ?? "small"])
    return play({ ...common, where: { stage } })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stage of this.#stages.values()) await removeStage(stage)
  }

  async #stage(options: StageOptions): Promise<Stage> {
    const known = this.#stages.get(options.namespace)
    if (known) return known
    const made = await makeStage(this.#cluster, options)
    this.#stages.set(options.namespace, made)
    return made
  }
}
