import type { Logger } from "pino"
import type { RestoreStatus, TargetStatus } from "../control/schemas.ts"
import { startControlServer } from "../control/server.ts"
import { Lifetime } from "./lifetime.ts"
import { onTermination } from "./signals.ts"
import type { PodSecrets } from "./secrets.ts"

/** What a pod is there for, between its start and its release. */
export interface Work {
  /**
   * Does the work; may return when all runs by itself. What has to be let go of later goes onto the stack, which the
   * release unwinds from its top. Returns soon after the signal, which comes before the release. A rejection is fatal.
   * What takes long in the release ends with `hurry`.
   */
  run(stack: AsyncDisposableStack, signal: AbortSignal, hurry: AbortSignal): Promise<void>
  status(life: Lifetime): TargetStatus | RestoreStatus
  /** Told that it may serve, where that is waited for. */
  serve?(): void
  /** Told which public keys open the session, where they could. */
  setPublicKeys?(lines: readonly string[]): void
  /** The release that comes with the deadline may take until the hard end. */
  readonly unhurried?: boolean
  /** Told of what `run` was rejected with, before the release. */
  failed?(error: unknown): void
}

export interface LiveOptions {
  readonly "session-uid": string
  readonly deadline: Date
  readonly host: string
  readonly "control-port": number
}

/** Lives the life of a pod around its work: deadline, signals, control endpoint, and one release whatever happens. */
export async function live(
  options: LiveOptions,
  { identity, hardEnd }: PodSecrets,
  log: Logger,
  work: Work,
): Promise<void> {
  const stack = new AsyncDisposableStack()
  const running = Promise.withResolvers<void>()
  running.promise.catch(() => undefined)
  const lifetime = new Lifetime({
    deadline: options.deadline,
    hardEnd,
    unhurried: work.unhurried ?? false,
    log,
    async release() {
      await running.promise.catch(() => undefined)
      await stack.disposeAsync()
    },
  })
  onTermination((signal) => lifetime.end(signal))
  const control = await startControlServer({
    host: options.host,
    port: options["control-port"],
    identity,
    sessionUid: options["session-uid"],
    handlers: {
      status: () => work.status(lifetime),
      setDeadline(deadline, now) {
        lifetime.setDeadline(deadline, now)
        log.info({ deadline: lifetime.deadline }, "deadline moved")
      },
      release: (reason, hash) => lifetime.release(reason, { unhurried: hash }),
      setPublicKeys(lines) {
        work.setPublicKeys?.(lines)
        log.info({ publicKeys: lines.length }, "public keys set")
      },
      serve: () => work.serve?.(),
      told: ({ state }) => lifetime.told(state),
    },
    log,
  })
  log.info({ port: control.port, deadline: lifetime.deadline }, "control listens")
  running.resolve(lifetime.signal.aborted ? undefined : work.run(stack, lifetime.signal, lifetime.hurry))
  const failure = await running.promise.then(
    () => undefined,
    (error: unknown) => (lifetime.signal.aborted ? undefined : { error }),
  )
  if (failure !== undefined) {
    work.failed?.(failure.error)
    lifetime.end("failure", { isFailure: true })
  }
  await lifetime.ended
  await control.close()
  if (failure !== undefined) throw failure.error
}
