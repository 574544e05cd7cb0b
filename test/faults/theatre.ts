import { type Cluster } from "../support/cluster.ts"
import type { Fault } from "./fault.ts"
import { play, type Result } from "./play.ts"
import { makeStage, removeStage, type Stage } from "./stage.ts"

const mib = 2 ** 20
/** Longer than what lies between target and reader can hold, so that a held download is underway for sure. */
const smallBytes = 96 * mib
const largeBytes = 1024 * mib

/** Plays faults one after the other, on stages that are made when the first fault needs them and removed at the end. */
export class Theatre implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #stages = new Map<string, Stage>()
  readonly #settleSeconds: number
  #played = 0

  constructor(cluster: Cluster, { settleSeconds = 90 } = {}) {
    this.#cluster = cluster
    this.#settleSeconds = settleSeconds
  }

  /** Undefined when it did not come to the fault, which then is not sure to happen. */
  async play(fault: Fault): Promise<Result | undefined> {
    const result = await this.#play(fault)
    return fault.hasStruck?.() === false ? undefined : result
  }

  async #play(fault: Fault): Promise<Result> {
    const name = `f${++this.#played}`
    const common = { cluster: this.#cluster, fault, name, settleSeconds: this.#settleSeconds }
    if (fault.needs === "own namespace") {
      const build = () => makeStage(this.#cluster, `faults-${name}`, smallBytes)
      return play({ ...common, where: { build } })
    }
    const large = fault.needs === "large file"
    const stage = await this.#stage(large ? "faults-large" : "faults", large ? largeBytes : smallBytes)
    return play({ ...common, where: { stage } })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stage of this.#stages.values()) await removeStage(stage)
  }

  async #stage(namespace: string, bytes: number): Promise<Stage> {
    const known = this.#stages.get(namespace)
    if (known) return known
    const made = await makeStage(this.#cluster, namespace, bytes)
    this.#stages.set(namespace, made)
    return made
  }
}
