import { isDeepStrictEqual } from "node:util"
import type { Cluster } from "./cluster.ts"
import { madeFor } from "./made-for.ts"
import { watchSession } from "./watch-session.ts"

/** Sessions that nobody should notice anything of. */
export interface Calm {
  /** What has happened to them since: objects that were touched, made or removed; states other than Ready. */
  broken(): Promise<string[]>
}

/** Looks at sessions that are Ready, and watches them from now on. */
export async function stayCalm(cluster: Cluster, namespace: string, names: readonly string[]): Promise<Calm> {
  const sessions = await Promise.all(
    names.map(async (name) => {
      const found = await cluster.get<{ metadata: { uid: string } }>("filerecoverysession", name, namespace)
      const { uid } = found?.metadata ?? { uid: "" }
      const watched = await watchSession(cluster, namespace, name)
      return { name, uid, watched, made: await madeFor(cluster, namespace, uid) }
    }),
  )
  return {
    broken: async () => {
      const all = sessions.map(async ({ name, uid, watched, made }) => {
        const now = await madeFor(cluster, namespace, uid)
        const keys = [...new Set([...made.keys(), ...now.keys()])]
        const touched = keys.filter((key) => !isDeepStrictEqual(made.get(key), now.get(key)))
        const states = (await watched.stop()).filter((state) => state !== "Ready True")
        return [
          ...touched,
          ...(made.size === 0 ? [`nothing was made for ${name}`] : []),
          ...states.map((state) => `${name} was ${state}`),
        ]
      })
      return (await Promise.all(all)).flat()
    },
  }
}
