import { delimiter } from "node:path"
import { fileURLToPath } from "node:url"
import { type NamedObject, Reader } from "./reader.ts"
import { run, type Finished, type RunOptions } from "./run.ts"

/** The repository's root, with a slash at its end. */
export const repository = fileURLToPath(new URL("../../", import.meta.url))

/** The running test cluster, as programs see it. */
export interface Cluster {
  /** KUBECONFIG of the administrator, and a PATH with kubectl, helm and kubectl-recover. */
  env: NodeJS.ProcessEnv
  /** The cluster's state folder: nodes, logs, the driver's files. */
  state: string
  kubectl(args: string[], options?: RunOptions): Promise<Finished>
  /** `kubectl apply` of objects; the answer is their names. */
  apply(...objects: object[]): Promise<string>
  /** Reads an object; undefined when there is none. */
  get<T>(kind: string, name: string, namespace?: string): Promise<T | undefined>
  /** Every object of the kinds whose full name ("pods", "deployments.apps") is wanted, wherever it is. */
  everyObject(isWanted: (kind: string) => boolean): Promise<NamedObject[]>
}

const script = `${repository}test/cluster/cluster`

/** Connects to the cluster that `npm run cluster -- up` brought up. Throws when there is none. */
export async function openCluster(): Promise<Cluster> {
  const [kubeconfig, bin] = await Promise.all([run(script, ["kubeconfig"]), run(script, ["bin"])])
  const path = kubeconfig.stdout.trim()
  const env = {
    ...process.env,
    KUBECONFIG: path,
    PATH: [bin.stdout.trim(), `${repository}build`, process.env.PATH].join(delimiter),
  }
  const reader = new Reader(path)
  const kubectl = (args: string[], options: RunOptions = {}) => run("kubectl", args, { env, ...options })
  return {
    env,
    state: path.slice(0, path.lastIndexOf("/")),
    kubectl,
    apply: async (...objects) => {
      const list = { apiVersion: "v1", kind: "List", items: objects }
      return (await kubectl(["apply", "-f", "-", "-o", "name"], { input: JSON.stringify(list) })).stdout
    },
    get: (kind, name, namespace) => reader.get(kind, name, namespace),
    everyObject: (isWanted) => reader.everyObject(isWanted),
  }
}
