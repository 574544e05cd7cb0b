import type { Cluster } from "./cluster.ts"

/** Somebody who calls the API server: a user or a service account, impersonated. Without a name: the administrator. */
export interface Caller {
  /** What the API server says against it; "" when it goes through. Nothing is changed. */
  tries(verb: "create" | "delete" | "replace", object: object): Promise<string>
  /** The same for any kubectl command, which is really carried out; `object` is its standard input. */
  does(args: string[], object?: object): Promise<string>
}

/** Calls as `system:serviceaccount:...` or a user of that name. */
export function callerOf(cluster: Cluster, name?: string): Caller {
  const account = /^system:serviceaccount:([^:]+):/.exec(name ?? "")
  const accounts = account ? ["system:serviceaccounts", `system:serviceaccounts:${account[1]}`] : []
  const groups = [...accounts, "system:authenticated"].flatMap((group) => ["--as-group", group])
  const as = name === undefined ? [] : ["--as", name, ...groups]
  const call = async (args: string[], input = ""): Promise<string> => {
    const { code, stderr } = await cluster.kubectl([...as, ...args], { input, accept: undefined })
    return code === 0 ? "" : stderr.trim() || `kubectl ended with ${code}`
  }
  return {
    tries: (verb, object) => {
      // what goes by name must not be read first: that is another right
      const wait = verb === "delete" ? ["--wait=false"] : ["--validate=false"]
      return call([verb, "--dry-run=server", ...wait, "-o", "name", "-f", "-"], JSON.stringify(object))
    },
    does: (args, object) => call(args, object && JSON.stringify(object)),
  }
}
