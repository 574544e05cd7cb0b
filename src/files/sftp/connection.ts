import type { Socket } from "node:net"
import type { Logger } from "pino"
import type { AuthContext, Connection } from "ssh2"
import { PacketAssembler } from "../../guest/sftp-wire.ts"
import { where } from "../audit/request.ts"
import type { AuditEntry } from "../audit/chain.ts"
import type { AuditTrail } from "../audit/trail.ts"
import type { Login } from "../auth.ts"
import type { UsageCounter } from "../usage.ts"
import type { SftpLimits } from "./limits.ts"
import type { Tried } from "./login.ts"
import type { PublicKeys } from "./public-keys.ts"
import { type Outlet, sent } from "./sent.ts"
import { type SftpRecord, SftpSession } from "./session.ts"
import type { Tree } from "./tree.ts"

/** What all connections of one service share. */
export interface SftpState {
  readonly tree: Tree
  readonly limits: SftpLimits
  readonly usage: UsageCounter
  readonly audit: AuditTrail
  readonly log: Logger
  readonly login: (request: AuthContext) => Tried
  readonly publicKeys: PublicKeys
  readonly loginRefused: (client?: string) => void
  /** Connections nobody has logged in on, the oldest first. */
  readonly strangers: Set<Socket>
  readonly sessions: Set<SftpSession>
  /** Told whenever a file or directory was closed. */
  readonly closed: () => void
  draining: boolean
}

/** Whose connection it is, as the audit tells it. */
type Who = Pick<AuditEntry, "who" | "client">

/** Somebody who is connected; until a login it is nobody known. */
export interface Caller {
  readonly socket: Socket
  /** Address and port. */
  readonly address: string | undefined
  /** Ends the connection when the next step to a login takes too long. */
  timer: NodeJS.Timeout
}

/** Few may be connected without having logged in: a new one closes the oldest, so that nobody can keep the others out. */
export function admitCaller({ strangers, limits }: SftpState, socket: Socket): Caller {
  const [oldest] = strangers
  if (oldest !== undefined && strangers.size >= limits.strangers) {
    strangers.delete(oldest)
    oldest.destroy()
  }
  strangers.add(socket)
  const address = socket.remoteAddress === undefined ? undefined : `${socket.remoteAddress}:${socket.remotePort ?? 0}`
  const caller = { socket, address, timer: setTimeout(() => socket.destroy(), limits.handshakeMs) }
  socket.on("error", () => socket.destroy())
  socket.once("close", () => {
    clearTimeout(caller.timer)
    strangers.delete(socket)
  })
  return caller
}

/** Serves one connection, as soon as it speaks SSH: logs its user in, and answers SFTP and nothing else. */
export function serveConnection(state: SftpState, client: Connection, caller: Caller): void {
  const { limits, log } = state
  const { socket, address } = caller
  let wrong = 0
  let login: Login | undefined
  client.on("error", (error) => {
    log.debug({ reason: error.message, client: address }, "SSH connection broken")
    socket.destroy()
  })
  client.once("handshake", () => {
    clearTimeout(caller.timer)
    caller.timer = setTimeout(() => socket.destroy(), limits.loginMs)
  })
  client.on("authentication", (request) => {
    const tried = state.login(request)
    if (typeof tried === "object") {
      login = tried.login
      request.accept()
    } else if (tried === "asked") request.accept()
    else {
      if (tried === "wrong") {
        state.loginRefused(address)
        wrong++
      }
      // without an answer: nothing more is tried meanwhile
      if (wrong >= limits.wrongLogins) client.end()
      else request.reject(["password", "publickey"])
    }
  })
  client.on("ready", () => {
    clearTimeout(caller.timer)
    state.strangers.delete(socket)
    if (login === undefined) return void socket.destroy()
    const who = { who: login.who, ...where(address) }
    state.usage.request(socket)
    state.audit.record({ event: "Login", via: "sftp", ...who, outcome: "Ok" })
    const sessions = serveSessions(state, client, socket, who)
    const { publicKey } = login
    if (publicKey !== undefined)
      socket.once(
        "close",
        state.publicKeys.onRevoked(publicKey, () => socket.destroy()),
      )
    socket.once("close", () => {
      for (const session of sessions) session.end()
      state.audit.record({ event: "Logout", via: "sftp", ...who, outcome: "Ok" })
    })
  })
}

/** Answers the sessions of a connection; those that are open are in the set that is returned. */
function serveSessions(state: SftpState, client: Connection, socket: Socket, who: Who): Set<SftpSession> {
  const { limits, log } = state
  const idle = setTimeout(() => socket.destroy(), limits.idleMs)
  socket.once("close", () => clearTimeout(idle))
  const sessions = new Set<SftpSession>()
  let accepted = 0
  client.on("session", (accept, reject) => {
    if (accepted >= limits.sessions) return reject()
    accepted++
    const ssh = accept()
    ssh.once("close", () => accepted--)
    // the library would decode names as UTF-8: where nobody listens for "sftp" it leaves the subsystem's bytes to us
    ssh.once("subsystem", (accept, reject, { name }) => {
      if (name !== "sftp") return reject()
      const session = newSession(state, who)
      const gone = new AbortController()
      const leave = () => gone.abort()
      ssh.once("close", leave)
      socket.once("close", leave)
      for (const set of [sessions, state.sessions]) set.add(session)
      const outlet = { client, channel: accept(), socket, gone: gone.signal, stallMs: limits.stallMs }
      void run(session, outlet, () => idle.refresh())
        .catch((error: unknown) => {
          log.debug({ err: error, client: who.client }, "SFTP session broken")
          // OpenSSH may have others on this connection, which go on when one is given up
          if (!gone.signal.aborted) socket.destroy()
        })
        .finally(() => {
          socket.off("close", leave)
          session.end()
          for (const set of [sessions, state.sessions]) set.delete(session)
        })
    })
  })
  return sessions
}

function newSession(state: SftpState, who: Who): SftpSession {
  const { tree, limits, usage, log, audit, closed } = state
  const record = (entry: SftpRecord) => audit.record({ via: "sftp", ...who, ...entry })
  return new SftpSession({ tree, limits, usage, log, record, closed, isDraining: () => state.draining })
}

/** Answers packets in the order they come; none is read while the client doesn't take the answers. */
async function run(session: SftpSession, outlet: Outlet, active: () => void): Promise<void> {
  const { channel } = outlet
  const assembler = new PacketAssembler("The SFTP client")
  for await (const chunk of channel as AsyncIterable<Buffer>)
    for (const packet of assembler.feed(chunk)) {
      active()
      await sent(await session.answer(packet), outlet)
    }
  channel.exit(0)
  channel.end()
}
