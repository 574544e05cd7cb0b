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
import { type CommonFlags, type Context, examples, withClusterFlags } from "./context.ts"
import { parseRemotePath } from "./remote-path.ts"
import { untilOver } from "./until-over.ts"

interface BrowseFlags extends CommonFlags {
  readonly open: boolean
  readonly port: string
  readonly installation: string
}

const help = `${examples(
  "kubectl-recover browse orders",
  "kubectl-recover browse orders --no-open     prints the address instead of opening a browser",
  "kubectl-recover browse local                what open serves on this machine",
)}
The session's files as a web page: search, preview, downloads as zip or tar, checksums, time left. It is served on 127.0.0.1,
for whoever has the token that its address ends in, until Ctrl-C or the end of the session.`

/** `browse SESSION`: the files as a web page. */
export function addBrowse(program: Command, context: Context): void {
  const command = program
    .command("browse")
    .description("look at a session's files in a web browser")
    .argument("<session>", "name of a FileRecoverySession, NAMESPACE/NAME, or local")
    .option("--no-open", "only print the address")
    .option("--port <number>", "port on 127.0.0.1; 0 for any free one", "0")
    .option("--installation <namespace/release>", "where the operator is installed", usualInstallation)
    .option("-q, --quiet", "print nothing but the address")
    .addHelpText("after", help)
    .action((session: string, flags: BrowseFlags) => browse(session, flags, context))
  withClusterFlags(command)
}

async function browse(text: string, flags: BrowseFlags, { streams, signal, defaultSession }: Context): Promise<void> {
  const port = Number(flags.port)
  if (!/^\d{1,5}$/.test(flags.port) || port > 65_535)
    throw new RecoveryError("UsageError", "--port must be a number from 0 to 65535.")
  const where = parseRemotePath(`${text}:/`, defaultSession)
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
