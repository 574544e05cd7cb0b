import type { Command } from "commander"
import { gatherEvents } from "./describe/events.ts"
import { describeSession } from "./describe/text.ts"
import { type ClusterFlags, getSession, openCluster } from "./client/cluster.ts"
import { type Context, examples, withClusterFlags } from "./context.ts"
import { print } from "./output.ts"
import { parseSessionRef } from "./session-ref.ts"

const help = examples("kubectl-recover describe orders", "kubectl-recover describe shop/orders other")

/** `describe SESSION...`: all that is known of a session, for people; programs take `get -o json`. */
export function addDescribe(program: Command, context: Context): void {
  const command = program
    .command("describe")
    .description("tell all that is known of sessions: conditions, volumes, recovery points, use, end, Events")
    .argument("<sessions...>", "names of FileRecoverySessions, or NAMESPACE/NAME")
    .addHelpText("after", help)
    .action((names: string[], flags: ClusterFlags) => describe(names, flags, context))
  withClusterFlags(command)
}

async function describe(names: readonly string[], flags: ClusterFlags, { streams, signal }: Context): Promise<void> {
  const cluster = openCluster(flags, signal)
  const refs = names.map((text) => parseSessionRef(text, cluster.namespace))
  for (const [at, { name, namespace }] of refs.entries()) {
    const session = await getSession(cluster, name, namespace)
    const events = await gatherEvents(cluster.kube, session)
    await print(streams.out, (at > 0 ? "\n\n" : "") + describeSession(session, events, Date.now()))
  }
}
