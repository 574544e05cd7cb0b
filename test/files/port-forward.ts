import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import type { Scene } from "./scene.ts"

/** `kubectl port-forward` to a Service of the scene's namespace, from a free port of this machine. */
export async function portForward(
  scene: Scene,
  service: string,
  to: number,
): Promise<{ port: number } & AsyncDisposable> {
  const args = ["port-forward", "-n", scene.namespace, `service/${service}`, `:${to}`]
  const child = spawn("kubectl", args, { env: scene.env, stdio: ["ignore", "pipe", "inherit"] })
  const end = once(child, "close")
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    end.then(() => ["it ended"]),
  ])) as [string]
  const [, port] = /^Forwarding from 127\.0\.0\.1:(\d+) /.exec(line) ?? []
  if (port === undefined) throw new Error(`kubectl ${args.join(" ")}: ${line}`)
  return {
    port: Number(port),
    [Symbol.asyncDispose]: async () => {
      child.kill()
      await end
    },
  }
}
