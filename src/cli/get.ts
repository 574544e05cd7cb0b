import type { Command } from "commander"
import { RecoveryError } from "../api/reasons.ts"
import type { FileRecoverySession } from "../api/session.ts"
import { kinds } from "../kube/kinds.ts"
import { type Cluster, getSession, openCluster } from "./client/cluster.ts"
import { type CommonFlags, type Context, examples, formatOf, withClusterFlags } from "./context.ts"
import { type Columns, sessionHeader, sessionRow } from "./get/session-table.ts"
import { followSessions } from "./get/follow.ts"
import { print, structured } from "./output.ts"
import { parseSessionRef } from "./session-ref.ts"
import { objectName, sourceVerified, standing } from "./session-words.ts"
import { table } from "./table.ts"
import { volumeTable } from "./volume-table.ts"

interface GetFlags extends CommonFlags {
  readonly allNamespaces?: boolean
  readonly watch?: boolean
}

const help = examples(
  "kubectl-recover get                         the sessions of the namespace",
  "kubectl-recover get orders                  one, with its volumes",
  "kubectl-recover get -A -o wide              of all namespaces: what they are of, what they do",
  "kubectl-recover get orders -w               each change, until Ctrl-C",
  "kubectl-recover get orders -o json",
)

/** `get [NAME...]`: the sessions of a namespace, or those named; one alone with its volumes. */
export function addGet(program: Command, context: Context): void {
  const command = program
    .command("get")
    .description("show sessions, or one session and its volumes")
    .argument("[sessions...]", "names of FileRecoverySessions, or NAMESPACE/NAME")
    .option("-A, --all-namespaces", "of all namespaces")
    .option("-w, --watch", "go on and tell each change, until Ctrl-C")
    .option("-o, --output <format>", "wide, json, yaml or name")
    .addHelpText("after", help)
    .action((names: string[], flags: GetFlags) => get(names, flags, context))
  withClusterFlags(command)
}

async function get(names: readonly string[], flags: GetFlags, context: Context): Promise<void> {
  // "table" was the name of the default once
  const output = formatOf(flags.output, ["table", "wide", "json", "yaml", "name"]) ?? "table"
  if (names.length > 0 && flags.allNamespaces)
    throw new RecoveryError("UsageError", "A session is named in one namespace: leave -A or the name out.")
  const cluster = openCluster(flags, context.signal)
  const refs = names.map((text) => parseSessionRef(text, cluster.namespace))
  const withNamespace = flags.allNamespaces === true || refs.some(({ namespace }) => namespace !== cluster.namespace)
  const columns: Columns = { withNamespace, wide: output === "wide" }
  const sessions =
    refs.length === 0
      ? await listSessions(cluster, flags.allNamespaces === true)
      : await Promise.all(refs.map(({ name, namespace }) => getSession(cluster, name, namespace)))
  if (flags.watch) {
    const namespace = withNamespace ? undefined : cluster.namespace
    return followSessions(cluster, { first: sessions, isAll: refs.length === 0, namespace, columns, output }, context)
  }
  await show(sessions, { isOne: names.length === 1, isList: names.length !== 1, output, columns }, context)
  if (sessions.length === 0 && (output === "table" || output === "wide"))
    context.streams.err.write(
      `No sessions found in ${flags.allNamespaces ? "any namespace" : `namespace ${cluster.namespace}`}.\n`,
    )
}

function listSessions({ kube, namespace }: Cluster, everywhere: boolean): Promise<FileRecoverySession[]> {
  return kube.list<FileRecoverySession>(kinds.FileRecoverySession, everywhere ? {} : { namespace })
}

interface Shown {
  readonly isOne: boolean
  readonly isList: boolean
  readonly output: "table" | "wide" | "json" | "yaml" | "name"
  readonly columns: Columns
}

async function show(
  sessions: readonly FileRecoverySession[],
  { isOne, isList, output, columns }: Shown,
  { streams: { out, err } }: Context,
): Promise<void> {
  if (output === "json" || output === "yaml")
    return print(out, structured(output, isList ? list(sessions) : sessions[0]))
  if (output === "name") return print(out, sessions.map((session) => `${objectName(session)}\n`).join(""))
  const [first] = sessions
  if (!first) return
  const now = Date.now()
  const rows = sessions.map((session) => sessionRow(session, columns, now))
  await print(out, table(sessionHeader(columns), rows))
  if (!isOne) return
  if (first.status?.phase !== "Ready") err.write(`\n${standing(first)}\n`)
  const verified = sourceVerified(first)
  if (verified) await print(out, `\nSource verified: ${verified}\n`)
  if (first.status?.volumes) await print(out, `\n${volumeTable(first.status.volumes)}`)
}

const list = (items: readonly FileRecoverySession[]) => ({ apiVersion: "v1", kind: "List", metadata: {}, items })
