import type { Command } from "commander"
import { RecoveryError } from "../api/reasons.ts"
import type { FileRecoverySession } from "../api/session.ts"
import { kinds } from "../kube/kinds.ts"
import { getSession, openCluster } from "./client/cluster.ts"
import { type CommonFlags, type Context, notFormat, withClusterFlags } from "./context.ts"
import { outputFormats, print, structured } from "./output.ts"
import { printable } from "./printable.ts"
import { objectName, sourceVerified, standing } from "./session-words.ts"
import { humanAge, table } from "./table.ts"
import { volumeTable } from "./volume-table.ts"

interface GetFlags extends CommonFlags {
  readonly allNamespaces?: boolean
}

/** `get [NAME]`: the sessions of a namespace, or one with its volumes. */
export function addGet(program: Command, context: Context): void {
  const command = program
    .command("get")
    .description("show sessions, or one session and its volumes")
    .argument("[name]", "name of a FileRecoverySession")
    .option("-A, --all-namespaces", "of all namespaces")
    .option("-o, --output <format>", outputFormats.join(", "), "table")
    .action((name: string | undefined, flags: GetFlags) => get(name, flags, context))
  withClusterFlags(command)
}

async function get(name: string | undefined, flags: GetFlags, { streams }: Context): Promise<void> {
  const { output = "table" } = flags
  if (!outputFormats.includes(output)) throw notFormat(output, outputFormats)
  if (name !== undefined && flags.allNamespaces)
    throw new RecoveryError("UsageError", "A session is named in one namespace: leave -A or the name out.")
  const cluster = openCluster(flags)
  const sessions =
    name === undefined
      ? await cluster.kube.list<FileRecoverySession>(
          kinds.FileRecoverySession,
          flags.allNamespaces ? {} : { namespace: cluster.namespace },
        )
      : [await getSession(cluster, name, cluster.namespace)]
  if (output === "json" || output === "yaml")
    return print(streams.out, structured(output, name === undefined ? list(sessions) : sessions[0]))
  if (output === "name") return print(streams.out, sessions.map((session) => `${objectName(session)}\n`).join(""))
  if (sessions.length === 0)
    streams.err.write(`No sessions found in ${flags.allNamespaces ? "any" : cluster.namespace} namespace.\n`)
  else await print(streams.out, sessionTable(sessions, flags.allNamespaces === true))
  const [only] = sessions
  if (name !== undefined && only) {
    if (only.status?.phase !== "Ready") streams.err.write(`\n${standing(only)}\n`)
    const verified = sourceVerified(only)
    if (verified) await print(streams.out, `\nSource verified: ${verified}\n`)
    if (only.status?.volumes) await print(streams.out, `\n${volumeTable(only.status.volumes)}`)
  }
}

const list = (items: readonly FileRecoverySession[]) => ({ apiVersion: "v1", kind: "List", metadata: {}, items })

/** The columns `kubectl get` prints. */
function sessionTable(sessions: readonly FileRecoverySession[], withNamespace: boolean): string {
  const header = ["NAME", "PHASE", "RECOVERY POINT", "VOLUMES", "EXPIRES", "AGE"]
  const rows = sessions.map(({ metadata, status }) => [
    ...(withNamespace ? [metadata.namespace ?? ""] : []),
    metadata.name ?? "",
    status?.phase ?? "Pending",
    newest(status?.recoveryPoints),
    String(status?.volumeCount ?? status?.volumes?.length ?? "-"),
    status?.expiresAt ?? "-",
    humanAge(Date.now() - Date.parse(metadata.creationTimestamp ?? "")),
  ])
  return table(
    withNamespace ? ["NAMESPACE", ...header] : header,
    rows.map((row) => row.map(printable)),
  )
}

function newest(points: readonly { time: string }[] | undefined): string {
  return (
    [...(points ?? [])]
      .map(({ time }) => time)
      .sort()
      .at(-1) ?? "-"
  )
}
