import { mkdtemp, rm } from "node:fs/promises"
import { join } from "node:path"
import type { Cluster } from "../support/cluster.ts"
import { run } from "../support/run.ts"

/** Where the ways lead from: a session that is Ready, whose volume vg0-data has the tree, and a shell of somebody who may read it. */
export class Scene {
  readonly cluster: Cluster
  readonly namespace: string
  readonly session: string
  /** With the namespace as the usual one, as a person has it. */
  readonly env: NodeJS.ProcessEnv
  readonly #home: string

  constructor(cluster: Cluster, where: { namespace: string; session: string; env: NodeJS.ProcessEnv; home: string }) {
    this.cluster = cluster
    this.namespace = where.namespace
    this.session = where.session
    this.env = where.env
    this.#home = where.home
  }

  /** The tree, as `kubectl recover` calls it. */
  get place(): string {
    return `${this.session}:/vg0-data/tree`
  }

  /** An empty folder of this machine, which goes with `done`. */
  async folder(): Promise<{ path: string } & AsyncDisposable> {
    const path = await mkdtemp(join(this.#home, "way-"))
    return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
  }

  /** Runs a program with something on its standard input; what it says on standard output. Rejects when it fails. */
  async pipe(program: string, args: string[], input: string): Promise<string> {
    return (await run(program, args, { env: this.env, input })).stdout
  }

  /** Types a command into a shell in that folder; what it says on standard output. Rejects when it fails. */
  async type(command: string, folder: string): Promise<string> {
    const script = `set -o pipefail; cd "$0"; ${command}`
    return (await run("bash", ["-euc", script, folder], { env: this.env })).stdout
  }
}
