import type { Command } from "commander"
import { getSession, openCluster } from "./client/cluster.ts"
import { localName } from "./client/local-session.ts"
import { sessionFiles } from "./client/session-files.ts"
import { type CommonFlags, type Context, examples, formatOf, withClusterFlags } from "./context.ts"
import { print, structured } from "./output.ts"
import { displayName } from "../files/names.ts"
import { parseSessionRef } from "./session-ref.ts"
import { whyNotReady } from "./session-words.ts"
import { type VolumeRow, volumeTable } from "./volume-table.ts"

const help = examples(
  "kubectl-recover volumes orders",
  "kubectl-recover volumes orders -o wide      with UUIDs",
  "kubectl-recover volumes orders -o name      as places for ls, cp, ...: orders:/vg0-data",
  "kubectl-recover volumes local               of what open serves on this machine",
)

/** `volumes SESSION`: what was found on the disks, and for what can't be read, why. Also of a session that has ended. */
export function addVolumes(program: Command, context: Context): void {
  const command = program
    .command("volumes")
    .description("show the volumes of a session, and why those that can't be read can't")
    .argument("[session]", "name of a FileRecoverySession, or NAMESPACE/NAME, or local", context.defaultSession)
    .option("-o, --output <format>", "wide, json, yaml or name")
    .addHelpText("after", help)
    .action((name: string | undefined, flags: CommonFlags) => volumes(name, flags, context))
  withClusterFlags(command)
}

async function volumes(name: string | undefined, flags: CommonFlags, { streams, signal }: Context): Promise<void> {
  const output = formatOf(flags.output, ["wide", "json", "yaml", "name"])
  const { found, notes = [] } = await catalogue(name ?? "", flags, signal)
  if (output === "json" || output === "yaml") await print(streams.out, structured(output, found))
  else if (output === "name")
    await print(streams.out, found.map(({ path }) => `${name}:/${displayName(Buffer.from(path))}\n`).join(""))
  else await print(streams.out, volumeTable(found, { wide: output === "wide" }))
  for (const note of notes) streams.err.write(`${note}\n`)
}

/** Of what `open` serves by asking it; of a session on the cluster by its status, for which no pod is needed. */
async function catalogue(
  name: string,
  flags: CommonFlags,
  signal: AbortSignal,
): Promise<{ found: readonly VolumeRow[]; notes?: string[] }> {
  if (localName.test(name)) {
    const files = await sessionFiles({ session: name }, flags)
    try {
      return { found: (await files.volumes()).volumes }
    } finally {
      files.close()
    }
  }
  const cluster = openCluster(flags, signal)
  const ref = parseSessionRef(name, cluster.namespace)
  const session = await getSession(cluster, ref.name, ref.namespace)
  const { volumes: found = [], volumeCount = found.length, phase } = session.status ?? {}
  const notes = [
    ...(phase === "Ready" ? [] : [whyNotReady(session)]),
    ...(volumeCount > found.length ? [`${found.length} of ${volumeCount}; for all of them: ls ${name}:/`] : []),
  ]
  return { found, notes }
}
