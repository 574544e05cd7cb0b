import type { Command } from "commander"
import { RecoveryError } from "../api/reasons.ts"
import { chosenNamespace, openCluster } from "./client/cluster.ts"
import { type CommonFlags, type Context, collect, formatOf, withClusterFlags } from "./context.ts"
import { dryRunHere, dryRunOnServer } from "./create/dry-run.ts"
import { usualInstallation } from "./create/installation.ts"
import { newSession, sendSession, type SessionFlags } from "./create/new-session.ts"
import { withSourceFlags } from "./create/source-flags.ts"
import { waitUntilReady } from "./create/wait-until-ready.ts"
import { print, structured } from "./output.ts"
import { objectName } from "./session-words.ts"
import { Steps } from "./steps.ts"
import { volumeTable } from "./volume-table.ts"
import { durationOf } from "./waiting.ts"

interface CreateFlags extends CommonFlags, SessionFlags {
  readonly wait?: boolean
  readonly timeout: string
  readonly dryRun: string
  readonly installation: string
}

const help = `
Examples:
  kubectl-recover create orders --from pvc/data-orders-0 --wait
  kubectl-recover create orders --from pvc/data-orders-0 --from pvc/data-orders-1 --at 3h-ago
  kubectl-recover create orders --from snapshot/orders-nightly --ttl 2h
  kubectl-recover create orders --from pvc/data-orders-0 --recovery-point monday --recovery-point sunday
  kubectl-recover create orders --from pvc/data-orders-0 --unlock-secret disk-keys/passphrase
  kubectl-recover create orders --from pvc/data-orders-0 --dry-run=server

Several recovery points, 2 to 4, are side by side in one session, and never mixed up: volumes are then point1-VOLUME,
point2-VOLUME... in the order given, and "diff --points" compares them.
--dry-run=server makes nothing. It tells what would be cloned and what would stand in the way, and ends with 0 when the
session would start, else with the code of the first thing in its way. What you may not read is not checked; the
operator looks again before it starts. -o json or yaml: all of it, for programs.
--dry-run=client asks nobody and prints what would be sent: create ... --dry-run=client -o yaml > orders.yaml`

/** `create NAME --from ...`: a session on the cluster, and with --wait until its files can be read. */
export function addCreate(program: Command, context: Context): void {
  const command = program
    .command("create")
    .description("create a session on the cluster")
    .argument("<name>", "name of the FileRecoverySession")
    .option("--ttl <duration>", "how long it lasts, at most 12h")
    .option("--verify-source", "hash the disks before and after, to prove that they were not changed")
    .option("--public-key <file>", "a .pub file whose owner may read by SFTP; again for more", collect, [])
    .option("--wait", "wait until the files can be read")
    .option("--timeout <duration>", "longest wait", "15m")
    .option("--dry-run <mode>", "client or server: make nothing, and tell what would be made", "none")
    .option(
      "--installation <namespace/release>",
      "where the operator is installed; for --dry-run=server",
      usualInstallation,
    )
    .option("-o, --output <format>", "json, yaml or name")
    .option("-q, --quiet", "no progress")
    .addHelpText("after", help)
    .action((name: string, flags: CreateFlags) => create(name, flags, context))
  withSourceFlags(command)
  withClusterFlags(command)
}

async function create(name: string, flags: CreateFlags, { streams, signal }: Context): Promise<void> {
  const output = formatOf(flags.output, ["json", "yaml", "name"])
  const timeoutMs = durationOf("--timeout", flags.timeout)
  const { dryRun, installation } = flags
  if (!["none", "client", "server"].includes(dryRun))
    throw new RecoveryError("UsageError", `--dry-run=${dryRun} is not known; use client, server or none.`)
  if (dryRun !== "none" && flags.wait)
    throw new RecoveryError("UsageError", "With --dry-run nothing is made to --wait for.")
  if (dryRun === "client") return dryRunHere(newSession(name, chosenNamespace(flags), flags), output, streams)
  const cluster = openCluster(flags)
  const wanted = newSession(name, cluster.namespace, flags)
  if (dryRun === "server") return dryRunOnServer({ kube: cluster.kube, session: wanted, installation, output }, streams)
  let session = await sendSession(cluster.kube, wanted)
  if (flags.wait)
    session = await waitUntilReady(cluster, session, {
      timeoutMs,
      signal,
      steps: new Steps(streams, flags.quiet === true),
    })
  if (output === "name") await print(streams.out, `${objectName(session)}\n`)
  else if (output) await print(streams.out, structured(output, session))
  else {
    await print(streams.out, `${objectName(session)} created\n`)
    if (flags.wait) await print(streams.out, volumeTable(session.status?.volumes ?? []))
  }
}
