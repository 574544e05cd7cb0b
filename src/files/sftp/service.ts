import { type AddressInfo, createServer } from "node:net"
import type { Logger } from "pino"
import ssh2 from "ssh2"
import { where } from "../audit/request.ts"
import type { AuditTrail } from "../audit/trail.ts"
import { type Credentials, passwordCheck } from "../auth.ts"
import { refusedLogins } from "../refused-logins.ts"
import type { FileSource } from "../source.ts"
import type { UsageCounter } from "../usage.ts"
import { admitCaller, type Caller, serveConnection, type SftpState } from "./connection.ts"
import { hostKeyFrom } from "./host-key.ts"
import { defaultSftpLimits, type SftpLimits } from "./limits.ts"
import { sftpLogin } from "./login.ts"
import { PublicKeys } from "./public-keys.ts"
import { answerTogether } from "./sent.ts"
import { Tree } from "./tree.ts"

export interface SftpServiceOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** PEM: the private key of the session's certificate, of which the host key is derived. */
  readonly sessionKey: string
  readonly credentials: Credentials
  /** They let in whoever has their private half, under the same user name; connections of one that is taken away are cut. */
  readonly publicKeys?: PublicKeys
  readonly source: FileSource
  readonly log: Logger
  /** Both are shared with the HTTPS service. */
  readonly audit: AuditTrail
  readonly usage: UsageCounter
  readonly limits?: Partial<SftpLimits>
}

/** A running SFTP service. */
export interface SftpService {
  readonly port: number
  /** `ssh-ed25519 AAAA...`: what a client must find. */
  readonly hostKey: string
  /** `SHA256:...` of it. */
  readonly fingerprint: string
  /** Opens nothing any more, gives what is open `graceMs` milliseconds, then closes. */
  drain(graceMs: number): Promise<void>
  /** Breaks every connection and stops listening. Safe to call twice. */
  close(): Promise<void>
}

/** Modern algorithms only; those that OpenSSH of the last ten years knows are among them. */
const algorithms = {
  kex: ["curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384"],
  cipher: ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr"],
  hmac: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"],
  compress: ["none"],
} satisfies ssh2.Algorithms

/**
 * Serves the files of a session over SFTP, version 3, read-only: volumes are the directories of its root. SSH itself is the
 * ssh2 library's; SFTP is read here, as names are bytes. No shell, no commands, no forwarding. Rejects when it can't listen.
 */
export async function startSftpService(options: SftpServiceOptions): Promise<SftpService> {
  const { audit, log, source, usage, credentials, publicKeys = new PublicKeys() } = options
  const { username, sshPublicKey } = credentials
  if (sshPublicKey !== undefined) publicKeys.keep(sshPublicKey)
  const limits = { ...defaultSftpLimits, ...options.limits }
  const hostKey = hostKeyFrom(options.sessionKey)
  const refusals = refusedLogins((count, client) => {
    log.warn({ reason: "LoginRefused", client, refused: count, via: "sftp" }, "login refused")
    audit.record({ event: "LoginRefused", via: "sftp", ...where(client), count, outcome: "LoginRefused" })
  })
  let quiet = Promise.withResolvers<void>()
  const state: SftpState = {
    tree: new Tree(source),
    limits,
    usage,
    audit,
    log,
    login: sftpLogin({ password: passwordCheck([credentials]), publicKeys, username }),
    publicKeys,
    loginRefused: refusals.refused,
    strangers: new Set(),
    sessions: new Set(),
    closed: () => {
      if ([...state.sessions].every(({ open }) => open === 0)) quiet.resolve()
    },
    draining: false,
  }
  const ssh = new ssh2.Server({ hostKeys: [hostKey.privateKey], algorithms, ident: "file-recovery" })
  const callers = new Map<string | undefined, Caller>()
  // the library tells of a client, by its address, when that has said its first line
  ssh.on("connection", (client, { ip, port }) => {
    const caller = callers.get(`${ip}:${port}`)
    if (caller === undefined) client.end()
    else serveConnection(state, client, caller)
  })
  const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
    const caller = admitCaller(state, socket)
    callers.set(caller.address, caller)
    socket.once("close", () => callers.delete(caller.address))
    answerTogether(socket)
    ssh.injectSocket(socket)
  })
  server.maxConnections = limits.connections
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(options.port, options.host, () => resolve())
  })
  let closed: Promise<void> | undefined
  const close = () => {
    state.draining = true
    refusals.flush()
    closed ??= new Promise<void>((resolve) => server.close(() => resolve()))
    for (const { socket } of callers.values()) socket.destroy()
    return closed
  }
  const drain = async (graceMs: number) => {
    state.draining = true
    quiet = Promise.withResolvers<void>()
    state.closed() // there may be nothing open
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs)))
    await Promise.race([quiet.promise, late])
    clearTimeout(timer)
    await close()
  }
  const { port } = server.address() as AddressInfo
  return { port, hostKey: hostKey.publicKey, fingerprint: hostKey.fingerprint, drain, close }
}
