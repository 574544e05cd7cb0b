import { KubeConfig } from "@kubernetes/client-node"
import { KubeError } from "../../src/kube/errors.ts"
import { openKube } from "../../src/kube/kube.ts"
import type { Transport } from "../../src/kube/transport.ts"

/** An object of any kind, as much as it takes to tell it from others. */
export interface NamedObject {
  kind: string
  metadata: { uid?: string; name: string; namespace?: string }
}

/** A kind as discovery describes it. */
interface Resource {
  /** "pods". */
  name: string
  singularName: string
  shortNames?: string[]
  kind: string
  namespaced: boolean
  verbs: string[]
  /** "/api/v1", "/apis/apps/v1". */
  base: string
  /** "deployments.apps". */
  fullName: string
}

/**
 * Reads with the administrator's rights, within this process: starting kubectl costs a tenth of a second of a core each
 * time, and tests that wait look again and again.
 */
export class Reader {
  readonly #transport: Transport
  #resources: Promise<Resource[]> | undefined

  constructor(kubeconfig: string) {
    const config = new KubeConfig()
    config.loadFromFile(kubeconfig)
    this.#transport = openKube(config, { rate: { qps: 1000, burst: 1000 } }).transport
  }

  /** As `kubectl get`: the kind by its plural, singular or a short name. Undefined when there is no such object. */
  async get<T>(kind: string, name: string, namespace?: string): Promise<T | undefined> {
    if (name === "") throw new Error(`which ${kind}? Its name is empty.`)
    const { base, name: plural, namespaced } = await this.#find(kind.toLowerCase())
    const where = namespaced ? `/namespaces/${namespace ?? "default"}` : ""
    try {
      return await this.#read<T>(`${base}${where}/${plural}/${name}`)
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return undefined
      throw error
    }
  }

  /** Every object of the wanted kinds that can be listed, in all namespaces and outside of them. */
  async everyObject(isWanted: (fullName: string) => boolean): Promise<NamedObject[]> {
    this.#resources = undefined // definitions come and go
    const kinds = (await this.#discover()).filter(({ fullName, verbs }) => verbs.includes("list") && isWanted(fullName))
    const lists = kinds.map(async ({ base, name, kind }) => {
      const { items } = await this.#read<{ items: Omit<NamedObject, "kind">[] }>(`${base}/${name}`)
      return items.map(({ metadata }) => ({ kind, metadata }))
    })
    return (await Promise.all(lists)).flat()
  }

  async #find(word: string): Promise<Resource> {
    const named = ({ name, singularName, shortNames = [], fullName }: Resource) =>
      [name, singularName, ...shortNames, fullName].includes(word)
    const known = (await this.#discover()).find((one) => named(one))
    if (known !== undefined) return known
    this.#resources = undefined
    const found = (await this.#discover()).find((one) => named(one))
    if (found === undefined) throw new Error(`the API server has no kind "${word}"`)
    return found
  }

  /** The kinds of each group's preferred version. */
  #discover(): Promise<Resource[]> {
    this.#resources ??= this.#readResources().catch((error: unknown) => {
      this.#resources = undefined
      throw error
    })
    return this.#resources
  }

  async #readResources(): Promise<Resource[]> {
    const { groups } = await this.#read<{ groups: { preferredVersion: { groupVersion: string } }[] }>("/apis")
    const bases = ["/api/v1", ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)]
    const lists = bases.map(async (base) => {
      const { resources } = await this.#read<{ resources: Omit<Resource, "base" | "fullName">[] }>(base)
      const suffix = base === "/api/v1" ? "" : `.${base.split("/")[2]}`
      return resources
        .filter(({ name }) => !name.includes("/"))
        .map((one) => ({ ...one, base, fullName: `${one.name}${suffix}` }))
    })
    return (await Promise.all(lists)).flat()
  }

  #read<T>(path: string): Promise<T> {
    return this.#transport.json<T>({ method: "GET", path, resource: "any", what: `get ${path}` })
  }
}
