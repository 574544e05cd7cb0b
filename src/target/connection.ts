import type { TLSSocket } from "node:tls"
import type { BaseLogger } from "pino"
import { operationOf } from "../iscsi/header.ts"
import { targetMaxReceiveBytes } from "../iscsi/negotiation.ts"
import { opcode } from "../iscsi/opcode.ts"
import { PduParser } from "../iscsi/parser.ts"
import { SilenceWatch } from "../iscsi/silence.ts"
import { ChapExchange, type ChallengeSource } from "./chap-exchange.ts"
import type { Refusal, Tally } from "./counters.ts"
import type { BufferPool } from "../block/buffer-pool.ts"
import { setSessionHandle, TargetLogin, type Established } from "./login.ts"
import type { TargetLimits, TargetOptions } from "./options.ts"
import { OutputQueue } from "./output.ts"
import { ReadTasks } from "./read-tasks.ts"
import type { Member, SessionRegistry } from "./registry.ts"
import { ScsiResponder, type UnitOnDisk } from "./scsi-responder.ts"
import { SequenceNumbers } from "./sequence.ts"
import { Session } from "./session.ts"

/** What all connections of a target share. */
export interface Shared {
  readonly options: TargetOptions
  readonly algorithms: readonly number[]
  readonly limits: TargetLimits
  readonly units: ReadonlyMap<number, UnitOnDisk>
  readonly registry: SessionRegistry
  readonly tally: Tally
  readonly pool: BufferPool
  readonly challenges: ChallengeSource
}

/** While more than this waits to be sent, nothing more is taken in, beside what reads may have in memory. */
const maxQueuedBytes = 1024 * 1024

/** One connection from the end of its TLS handshake: first the login, then the session it carries. */
export class Connection implements Member {
  readonly #socket: TLSSocket
  readonly #shared: Shared
  readonly #log: BaseLogger
  readonly #numbers = new SequenceNumbers()
  readonly #output: OutputQueue
  readonly #parser: PduParser
  readonly #login: TargetLogin
  readonly #silence: SilenceWatch
  readonly #loggedIn: () => void
  #established: Established | undefined
  #session: Session | undefined
  #tasks: ReadTasks | undefined
  #watching: NodeJS.Timeout | undefined
  #loginPdus = 0
  #loginBytes = 0
  #isLoggedIn = false
  #over = false

  constructor(socket: TLSSocket, shared: Shared, loggedIn: () => void) {
    this.#socket = socket
    this.#shared = shared
    this.#log = shared.options.log
    this.#loggedIn = loggedIn
    this.#output = new OutputQueue(socket, shared.pool)
    this.#output.onProgress = () => this.#progress()
    this.#parser = new PduParser({ pdu: (header, data) => this.#pdu(header, data) }, targetMaxReceiveBytes)
    this.#silence = new SilenceWatch(shared.limits.silence, performance.now())
    this.#login = new TargetLogin({
      targetName: shared.options.iqn,
      chap: new ChapExchange(shared.options.chap, shared.algorithms, shared.challenges),
      numbers: this.#numbers,
      refusing: () => shared.registry.refusing,
      maxTextBytes: shared.limits.loginBytes,
    })
    socket.setNoDelay(true)
    socket.on("data", (chunk: Buffer) => this.#receive(chunk))
    socket.on("error", (error) => this.#log.debug({ error: error.message }, "connection broke"))
    socket.on("end", () => this.destroy())
    socket.on("close", () => this.#closed())
  }

  get initiatorName(): string {
    return this.#established?.initiatorName ?? ""
  }

  get isid(): Buffer {
    return this.#established?.isid ?? Buffer.alloc(6)
  }

  /** Ends it before it has become a session, and counts why. */
  refuse(counter: Refusal, why: string): void {
    if (this.#over) return
    this.#shared.tally.refused[counter]++
    this.#log.warn({ refused: counter }, `connection refused: ${why}`)
    this.destroy()
  }

  replace(): void {
    this.#log.info({ initiator: this.initiatorName }, "session replaced: its initiator logged in again")
    this.destroy()
  }

  askToLogOut(): void {
    this.#session?.askToLogOut()
  }

  destroy(): void {
    this.#parser.close()
    this.#socket.destroy()
    this.#closed()
  }

  #receive(chunk: Buffer): void {
    this.#silence.heard(performance.now())
    if (!this.#session) {
      this.#loginBytes += chunk.length
      if (this.#loginBytes > this.#shared.limits.loginBytes) return this.refuse("limit", "too many bytes before login")
    }
    try {
      this.#parser.push(chunk)
    } catch (error) {
      this.#broken((error as Error).message)
    }
    if (this.#isCrowded()) this.#socket.pause()
  }

  #pdu(header: Buffer, data: Buffer): void {
    if (this.#session) return this.#session.request(header, data)
    if (operationOf(header) !== opcode.loginRequest)
      return this.refuse("protocol", "the first thing it sent isn't a login")
    if (++this.#loginPdus > this.#shared.limits.loginPdus) return this.refuse("limit", "too many login requests")
    const step = this.#login.step(header, data)
    if (step.kind === "established") return this.#establish(step.login, step.response)
    this.#output.push(step.response)
    if (step.kind === "continue") return
    this.#parser.close()
    this.#output.end()
    if (step.refusal.counter) this.#shared.tally.refused[step.refusal.counter]++
    this.#log.warn({ refused: step.refusal.counter ?? "releasing" }, `login refused: ${step.refusal.message}`)
  }

  #establish(login: Established, response: Buffer): void {
    const { registry, limits, tally } = this.#shared
    if (registry.refusing) return this.destroy()
    if (registry.size >= limits.sessions && !registry.has(login)) return this.refuse("limit", "too many sessions")
    this.#established = login
    setSessionHandle(response, registry.admit(this))
    this.#isLoggedIn = true
    tally.sessionsNow++
    tally.sessionsTotal++
    this.#session = this.#createSession(login)
    this.#output.push(response)
    this.#watching = setInterval(() => this.#watch(), Math.min(1000, limits.silence.pingAfterMs))
    this.#loggedIn()
    this.#log.info({ initiator: login.initiatorName, discovery: login.discovery }, "session established")
  }

  #createSession(login: Established): Session {
    const { units, tally, pool, limits, options } = this.#shared
    const common = { agreed: login.agreed, numbers: this.#numbers, output: this.#output }
    const tasks = new ReadTasks({
      ...common,
      pool,
      bytesInMemory: limits.readBytesInMemory,
      served: (bytes) => (tally.bytesServed += bytes),
      failed: (task, error) => {
        const disk = units.get(task.lun)?.disk.name
        this.#log.error({ disk, offset: task.offset, error: (error as Error).message }, "disk can't be read")
        scsi.mediumError(task)
      },
    })
    const scsi = new ScsiResponder({ ...common, units, tasks, tally })
    this.#tasks = tasks
    return new Session({
      ...common,
      login,
      tasks,
      scsi,
      targetName: options.iqn,
      portal: portalOf(this.#socket),
      loggedOut: () => this.#loggedOut(),
      fail: (why) => this.#broken(why),
    })
  }

  #broken(why: string): void {
    if (!this.#session) return this.refuse("protocol", why)
    this.#log.warn({ initiator: this.initiatorName }, `session ended: ${why}`)
    this.destroy()
  }

  #watch(): void {
    const verdict = this.#silence.check(performance.now())
    if (verdict === "ping") this.#session?.ping()
    if (verdict === "dead") this.#broken("the initiator is silent")
  }

  /** A write was taken. Behind much data a ping waits its turn: as long as that flows, the peer isn't silent. */
  #progress(): void {
    if (this.#output.queuedBytes > maxQueuedBytes) this.#silence.heard(performance.now())
    if (this.#socket.isPaused() && !this.#isCrowded()) this.#socket.resume()
  }

  #isCrowded(): boolean {
    return this.#output.queuedBytes > this.#shared.limits.readBytesInMemory + maxQueuedBytes
  }

  #closed(): void {
    if (this.#over) return
    this.#over = true
    clearInterval(this.#watching)
    this.#tasks?.abortAll()
    this.#output.close()
    this.#endSession()
  }

  #loggedOut(): void {
    this.#parser.close()
    this.#endSession()
  }

  /** The initiator isn't logged in any more, be it that it said so or that the connection is gone. */
  #endSession(): void {
    if (!this.#isLoggedIn) return
    this.#isLoggedIn = false
    this.#shared.tally.sessionsNow--
    this.#shared.registry.remove(this)
    this.#log.info({ initiator: this.initiatorName }, "session ended")
  }
}

function portalOf(socket: TLSSocket): string {
  const address = (socket.localAddress ?? "").replace(/^::ffff:/, "")
  return `${address.includes(":") ? `[${address}]` : address}:${socket.localPort}`
}
