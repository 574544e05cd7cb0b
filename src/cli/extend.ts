import type { Command } from "commander"
import { LONGEST_TTL, parseDuration } from "../api/duration.ts"
import { RecoveryError } from "../api/reasons.ts"
import type { Unread } from "../session/preflight/observed.ts"
import { openCluster } from "./client/cluster.ts"
import { type CommonFlags, type Context, examples, formatOf, withClusterFlags } from "./context.ts"
import { readInstallation, usualInstallation } from "./create/installation.ts"
import { extended } from "./extend/extended.ts"
import { prolong } from "./extend/prolong.ts"
import { print, structured } from "./output.ts"
import { parseSessionRef } from "./session-ref.ts"
import { objectName } from "./session-words.ts"

interface ExtendFlags extends CommonFlags {
  readonly ttl?: string
  readonly installation: string
}

const help = `${examples(
  "kubectl-recover extend orders 2h            ends two hours later than it would",
  "kubectl-recover extend orders --ttl 6h      lasts six hours from its start; may also be less",
)}
No session lasts longer than 12 hours from its start, or the administrator's maximum: it ends then at the latest, and this
says so. Where nothing can be added any more, the exit code is 5.`

/** `extend SESSION 2h`: a later end, by raising spec.ttl. */
export function addExtend(program: Command, context: Context): void {
  const command = program
    .command("extend")
    .description("have a session last longer")
    .argument("<session>", "name of a FileRecoverySession, or NAMESPACE/NAME")
    .argument("[duration]", "how much longer, e.g. 2h or 1h30m")
    .option("--ttl <duration>", "instead: how long it lasts from its start")
    .option("--installation <namespace/release>", "where the operator is installed", usualInstallation)
    .option("-o, --output <format>", "json, yaml or name")
    .option("-q, --quiet", "say nothing but failures")
    .addHelpText("after", help)
    .action((name: string, by: string | undefined, flags: ExtendFlags) => extend(name, by, flags, context))
  withClusterFlags(command)
}

async function extend(
  text: string,
  by: string | undefined,
  flags: ExtendFlags,
  { streams, signal }: Context,
): Promise<void> {
  const output = formatOf(flags.output, ["json", "yaml", "name"])
  if ((by === undefined) === (flags.ttl === undefined))
    throw new RecoveryError("UsageError", "Say how much longer: extend SESSION 2h, or how long in all: --ttl 6h.")
  const ms = parseDuration(by ?? flags.ttl ?? "")
  if (!ms) throw new RecoveryError("UsageError", `"${by ?? flags.ttl}" is no duration such as 2h or 1h30m.`)
  const cluster = openCluster(flags, signal)
  const { name, namespace } = parseSessionRef(text, cluster.namespace)
  const unread: Unread[] = []
  const installation = await readInstallation(cluster.kube, flags.installation, unread)
  const maxTtl = installation?.maxTtl ?? LONGEST_TTL
  const wish = by === undefined ? { ttlMs: ms } : { byMs: ms }
  const { end, session } = await prolong(cluster, { name, namespace }, (before) => extended(before, wish, maxTtl))
  if (end.note !== undefined && !flags.quiet) streams.err.write(`${end.note}\n`)
  if (output === "name") return print(streams.out, `${objectName(session)}\n`)
  if (output) return print(streams.out, structured(output, session))
  if (!flags.quiet) await print(streams.out, `${namespace}/${name} ${end.words}\n`)
}
