import { spawn } from "node:child_process"
import { once } from "node:events"
import type { Cluster } from "./cluster.ts"

/** A session that is being watched. */
export interface Watched {
  /** Ends the watch and says what the session was, in its order: its phase and whether it was Ready, e.g. "Ready True". */
  stop(): Promise<string[]>
}

/** Watches a session from now on, without a gap: what it is for an instant only is seen as well. */
export async function watchSession(cluster: Cluster, namespace: string, name: string): Promise<Watched> {
  const seen = `jsonpath={.status.phase} {.status.conditions[?(@.type=="Ready")].status}{"\\n"}`
  const child = spawn("kubectl", ["get", "frsess", name, "-n", namespace, "--watch", "-o", seen], {
    env: cluster.env,
    stdio: ["ignore", "pipe", "pipe"],
  })
  let out = ""
  let err = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text))
  const ended = once(child, "close")
  await Promise.race([once(child.stdout, "data"), ended])
  return {
    stop: async () => {
      if (child.exitCode !== null) throw new Error(`the watch of session ${name} ended by itself: ${err}`)
      child.kill()
      await ended
      return out
        .trimEnd()
        .split("\n")
        .filter((line, index, lines) => line !== lines[index - 1])
    },
  }
}
