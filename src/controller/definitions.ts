import { renderCrds } from "../api/crd.ts"
import { type Definition, lacks } from "../api/lacks.ts"
import type { KubeReader } from "../kube/client.ts"
import { sleep } from "../kube/clock.ts"
import { kinds } from "../kube/kinds.ts"
import type { KubeObject } from "../kube/objects.ts"

type Installed = Definition & KubeObject

const CURE =
  "Apply the definitions of this version (docs/install.md): kubectl apply --server-side --force-conflicts --field-manager=helm -f charts/file-recovery-operator/crds"
const MOST_NAMES = 10
/** Somebody may be applying them just now. */
const AGAIN_MS = 5000

/**
 * Whether the cluster's definitions have all that this operator knows. Helm doesn't upgrade definitions: an operator that is newer
 * could write no status, and what users ask for would be dropped without a word. So it must not lead before they are there.
 */
export class Definitions {
  readonly #kube: Pick<KubeReader, "get">
  readonly #onProblem: (problem: string) => void
  #problems: readonly string[] = ["the definitions were not read yet"]

  /** `onProblem` is told of each problem once. */
  constructor(kube: Pick<KubeReader, "get">, onProblem: (problem: string) => void) {
    this.#kube = kube
    this.#onProblem = onProblem
  }

  /** What is wrong with them, a sentence each; empty when they are as they must be. */
  get problems(): readonly string[] {
    return this.#problems
  }

  /** Resolves when they are as they must be, or the signal aborts; never rejects. */
  async complete(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const before = this.#problems
      this.#problems = await this.#look()
      for (const problem of this.#problems) if (!before.includes(problem)) this.#onProblem(problem)
      if (this.#problems.length === 0) return
      await sleep(AGAIN_MS, signal)
    }
  }

  async #look(): Promise<string[]> {
    const needed = Object.values(renderCrds()) as { metadata: { name: string } }[]
    const found = await Promise.all(needed.map((one) => this.#problemOf(one.metadata.name, one as Definition)))
    return found.flatMap((problem) => problem ?? [])
  }

  async #problemOf(name: string, needed: Definition): Promise<string | undefined> {
    try {
      const installed = await this.#kube.get<Installed>(kinds.CustomResourceDefinition, name)
      return problemWith(name, installed && lacks(needed, installed))
    } catch (error) {
      return `CustomResourceDefinition ${name} can't be read: ${error instanceof Error ? error.message : String(error)}`
    }
  }
}

/** Undefined when it lacks nothing; `lacking` undefined when it isn't there at all. */
function problemWith(name: string, lacking: readonly string[] | undefined): string | undefined {
  if (lacking === undefined) return `CustomResourceDefinition ${name} is not installed. ${CURE}`
  if (lacking.length === 0) return undefined
  const more = lacking.length > MOST_NAMES ? ` and ${lacking.length - MOST_NAMES} more` : ""
  const which = `${lacking.slice(0, MOST_NAMES).join(", ")}${more}`
  return `CustomResourceDefinition ${name} is older than this operator and lacks ${which}. ${CURE}`
}
