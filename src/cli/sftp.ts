import { accessSync, constants } from "node:fs"
import { resolve } from "node:path"
import type { Command } from "commander"
import { RecoveryError } from "../api/reasons.ts"
import { percentEncode } from "../files/names.ts"
import { joinPath } from "../files/path.ts"
import { type CommonFlags, type Context, examples, formatOf, withClusterFlags } from "./context.ts"
import { print, structured } from "./output.ts"
import { printable } from "./printable.ts"
import { parseRemotePath } from "./remote-path.ts"
import {
  bracketed,
  commandsFor,
  type Connection,
  connectionTo,
  instructions,
  openSshOptions,
} from "./sftp/instructions.ts"
import { writeLoginFiles } from "./sftp/login-files.ts"
import { runSftp } from "./sftp/run-sftp.ts"
import { type SftpSession, sftpSession } from "./sftp/session.ts"
import { startTunnel } from "./sftp/tunnel.ts"
import { untilOver } from "./until-over.ts"

interface SftpFlags extends CommonFlags {
  readonly identity?: string
  readonly batch?: string
  readonly print?: boolean
  readonly listen?: string
}

const help = `${examples(
  "kubectl-recover sftp orders                        the prompt of sftp: ls, cd, get, get -R",
  "kubectl-recover sftp orders /vg0-data/orders       begins there; a file is fetched",
  "kubectl-recover sftp orders -b commands            runs the commands of a file, - for stdin",
  "kubectl-recover sftp orders --print                for scp, rclone, WinSCP, FileZilla: how to connect",
  "kubectl-recover sftp orders --listen 127.0.0.1:2022 -o json",
  "kubectl-recover sftp orders -i ~/.ssh/id_ed25519   without reading the session's Secret",
)}
OpenSSH's sftp is started on a tunnel through the API server, with the session's host key and no other, and without your own ssh
configuration. It logs in with a key that follows from the password in the session's Secret, or with -i, a private key whose
public key spec.access.publicKeys has. --print and --listen keep the tunnel open, until Ctrl-C or the end of the session.`

/** `sftp SESSION [PATH]`: OpenSSH's sftp on a session's files, or a tunnel for another program. */
export function addSftp(program: Command, context: Context): void {
  const command = program
    .command("sftp")
    .description("read files with OpenSSH's sftp, or tell other programs how to connect")
    .argument("<session>", "name of a FileRecoverySession, NAMESPACE/NAME, or local")
    .argument("[path]", "/VOLUME/PATH: a directory to begin in, or a file to fetch")
    .option("-i, --identity <file>", "private key to log in with, or its public half when an agent has it")
    .option("-b, --batch <file>", "run the commands of a file; ends at the first that fails")
    .option("--print", "start nothing: keep the tunnel open, and print how to connect")
    .option("--listen <address:port>", "the same, on this address of this machine")
    .option("-o, --output <format>", "json: how to connect, for programs; as --print")
    .option("-q, --quiet", "print nothing but results")
    .addHelpText("after", help)
    .action((session: string, path: string | undefined, flags: SftpFlags) => sftp(session, path, flags, context))
  withClusterFlags(command)
}

async function sftp(text: string, path: string | undefined, flags: SftpFlags, context: Context): Promise<void> {
  const { signal, defaultSession, streams } = context
  const output = formatOf(flags.output, ["json"])
  const onlyTunnel = flags.print === true || flags.listen !== undefined || output !== undefined
  if (onlyTunnel && (flags.batch !== undefined || path !== undefined))
    throw new RecoveryError(
      "UsageError",
      "A path and --batch are for sftp, which --print, --listen and -o don't start.",
    )
  const at = listenAddress(flags.listen)
  const { volume, components, ...where } = parseRemotePath(`${text}:${path ?? "/"}`, defaultSession)
  await using stack = new AsyncDisposableStack()
  const session = await sftpSession(where, flags, signal)
  let failure: unknown
  const failed = (error: unknown) => {
    failure = error
    if (onlyTunnel) streams.err.write(`${printable(error instanceof Error ? error.message : String(error))}\n`)
  }
  const connection = await connect(session, { ...at, identity: flags.identity, failed }, stack)
  // awaited: the stack is disposed of when this function returns
  if (onlyTunnel) return await keepOpen(session, connection, output, flags, context)
  const inside = volume === undefined ? [] : [Buffer.from(volume), ...components]
  // Ctrl-C ends what a person does at the prompt, not the prompt
  using _ = flags.batch === undefined ? context.lendTerminal?.() : undefined
  await runSftp(argumentsOf(connection, flags, joinPath(inside)), signal).catch((error: unknown) => {
    throw failure ?? error
  })
}

interface ConnectOptions {
  readonly host: string
  readonly port: number
  /** The user's own private key; absent: one that follows from the session's password. */
  readonly identity: string | undefined
  readonly failed: (error: unknown) => void
}

/** Opens the tunnel and writes what SSH's programs need to use it; both are gone when the stack is disposed of. */
async function connect(
  session: SftpSession,
  { host, port, identity, failed }: ConnectOptions,
  stack: AsyncDisposableStack,
): Promise<Connection> {
  const { dial, hostKey, username, title, secret } = session
  const login = identity === undefined ? { password: await session.password() } : { identity: readable(identity) }
  const tunnel = await startTunnel({ dial, host, port, failed })
  stack.defer(() => tunnel.close())
  const reached = { host: { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host, port: tunnel.port }
  const files = stack.use(await writeLoginFiles({ ...reached, hostKey, login }))
  const { knownHosts, identity: key } = files
  const about = { session: title, ...reached, username, hostKey, knownHosts, identity: key }
  return connectionTo({ ...about, ...(secret !== undefined && { secret }) })
}

/** Prints how to connect, and stays until Ctrl-C or the end of the session. */
async function keepOpen(
  session: SftpSession,
  connection: Connection,
  output: "json" | undefined,
  { quiet }: SftpFlags,
  { streams, signal }: Context,
): Promise<void> {
  const told = { ...connection, commands: commandsFor(connection) }
  await print(streams.out, output ? structured(output, told) : instructions(connection))
  if (!quiet) streams.err.write("The tunnel is open until Ctrl-C.\n")
  await untilOver(() => session.phase(), signal)
  if (!signal.aborted && !quiet) streams.err.write("The session has ended.\n")
}

/** The file's whole path: what is printed is used elsewhere. */
function readable(file: string): string {
  try {
    accessSync(file, constants.R_OK)
    return resolve(file)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new RecoveryError("UsageError", `--identity "${file}" can't be read (${code}).`, { cause })
  }
}

/** A URL, because it can hold every byte of a name. */
function argumentsOf(connection: Connection, flags: SftpFlags, path: Buffer): string[] {
  const { username, host, port } = connection
  const batch = flags.batch === undefined ? [] : ["-b", flags.batch]
  const quiet = flags.quiet ? ["-q"] : []
  const url = `sftp://${username}@${bracketed(host)}:${port}${percentEncode(path, "/")}`
  return [...openSshOptions(connection), ...quiet, ...batch, url]
}

function listenAddress(text = "127.0.0.1:0"): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) }
  throw new RecoveryError("UsageError", "--listen must be ADDRESS:PORT, for instance 127.0.0.1:2022.")
}
