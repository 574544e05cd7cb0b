import type { Command } from "commander"
import { RecoveryError } from "../api/reasons.ts"
import { pageAssets } from "./browse/assets.ts"
import { openBrowser } from "./browse/open-browser.ts"
import { startProxy } from "./browse/proxy.ts"
import { clusterSession, localSession } from "./browse/session.ts"
import { getSession, openCluster } from "./client/cluster.ts"
import { localName } from "./client/local-session.ts"
import { sessionFiles } from "./client/session-files.ts"
import { readInstallation, usualInstallation } from "./create/installation.ts"
import { type Context, examples, withClusterFlags } from "./context.ts"
import { inOneShot } from "./one-shot/one-shot.ts"
import { type OneShotFlags, oneShotHelp, withOneShotFlags } from "./one-shot/flags.ts"
import { parseRemotePath } from "./remote-path.ts"
import { untilOver } from "./until-over.ts"

interface BrowseFlags extends OneShotFlags {
  readonly open: boolean
  readonly port: string
  readonly installation: string
}

/** People look at a page, and go away from it, for longer than programs don't read. */
const idleTimeout = "1h"

const help = `${examples(
  "kubectl-recover browse orders",
  "kubectl-recover browse --from pvc/data-orders-0     opens a session, and unmounts it at the end",
  "kubectl-recover browse orders --no-open     prints the address instead of opening a browser",
  "kubectl-recover browse local                what open serves on this machine",
)}
The session's files as a web page: search, preview, downloads as zip or tar, checksums, time left. It is served on 127.0.0.1,
for whoever has the token that its address ends in, until Ctrl-C or the end of the session.
${oneShotHelp}`

/** `browse SESSION`: the files as a web page. */
export function addBrowse(program: Command, context: Context): void {
  const command = program
    .command("browse")
    .description("look at a session's files in a web browser")
    .argument("[session]", "name of a FileRecoverySession, NAMESPACE/NAME, or local")
    .option("--no-open", "only print the address")
    .option("--port <number>", "port on 127.0.0.1; 0 for any free one", "0")
    .option("--installation <namespace/release>", "where the operator is installed", usualInstallation)
    .option("-q, --quiet", "print nothing but the address")
    .addHelpText("after", help)
    .action((session: string | undefined, flags: BrowseFlags) =>
      inOneShot(flags, context, (context) => browse(session, flags, context), idleTimeout),
    )
  withClusterFlags(withOneShotFlags(command))
}

async function browse(named: string | undefined, flags: BrowseFlags, context: Context): Promise<void> {
  const { streams, signal, defaultSession, openDefault } = context
  const port = Number(flags.port)
  if (!/^\d{1,5}$/.test(flags.port) || port > 65_535)
    throw new RecoveryError("UsageError", "--port must be a number from 0 to 65535.")
  if ((named === undefined) !== flags.from.length > 0)
    throw new RecoveryError("UsageError", "Say which session: browse SESSION, or browse --from SOURCE for a new one.")
  const where = parseRemotePath(`${named ?? ""}:/`, defaultSession)
  if (named === undefined) await openDefault?.()
  await using stack = new AsyncDisposableStack()
  const session = await browsed(where, flags, signal)
  const files = await sessionFiles(where, flags)
  stack.defer(() => files.close())
  const opened = Promise.withResolvers<void>()
  const proxy = await startProxy({ files, session, assets: await pageAssets(), port, opened: opened.resolve })
  stack.defer(() => proxy.close())
  streams.out.write(`${proxy.url}\n`)
  if (flags.open) {
    const browser = await openBrowser(proxy.url)
    stack.defer(browser.forget)
    void opened.promise.then(browser.forget)
    if (!browser.isOpen && !flags.quiet) streams.err.write("No browser could be started: open the address above.\n")
  }
  if (!flags.quiet) streams.err.write("Served until Ctrl-C, for whoever has this address.\n")
  await untilOver(async () => (await session.info()).phase, signal)
  if (!signal.aborted && !flags.quiet) streams.err.write("The session has ended.\n")
}

async function browsed(
  { namespace, session: name }: { namespace?: string; session: string },
  flags: BrowseFlags,
  signal: AbortSignal,
) {
  if (namespace === undefined && localName.test(name)) return localSession(name)
  const cluster = openCluster(flags, signal)
  const session = await getSession(cluster, name, namespace ?? cluster.namespace)
  const installation = await readInstallation(cluster.kube, flags.installation, [])
  return clusterSession(cluster, session, installation?.maxTtl)
}
