import { randomBytes } from "node:crypto"
import { reasonOf, RecoveryError } from "../../api/reasons.ts"
import type { FileRecoverySession } from "../../api/session.ts"
import { type Cluster, openCluster } from "../client/cluster.ts"
import type { Context } from "../context.ts"
import { newSession, sendSession } from "../create/new-session.ts"
import { waitUntilReady } from "../create/wait-until-ready.ts"
import { printable } from "../printable.ts"
import { isOver } from "../session-words.ts"
import { Steps } from "../steps.ts"
import { requestUnmount, waitUntilReleased } from "../unmount/release.ts"
import { failureOfRelease } from "../unmount/summary.ts"
import { volumeTable } from "../volume-table.ts"
import { durationOf } from "../waiting.ts"
import type { OneShotFlags } from "./flags.ts"

/** A process that is killed can't unmount: then nobody reads, and this ends it. */
const usualIdleTimeout = "10m"
const ttlAfterFinished = "1h"
const releaseMs = 10 * 60_000

/**
 * Runs a verb; with `--from` on a session that is made for it, which is then the one that paths without a session mean,
 * and unmounted afterwards, whatever happens. It is made when the verb first reads something, so that nobody waits minutes to
 * hear of a wrong flag. Rejects with the verb's own failure before any of the release. `idleTimeout`: so long a pause the verb may
 * make between two reads.
 */
export async function inOneShot(
  flags: OneShotFlags,
  context: Context,
  verb: (context: Context) => Promise<void>,
  idleTimeout = usualIdleTimeout,
): Promise<void> {
  if (flags.from.length === 0) return verb(onlyWithFrom(flags, context))
  if (context.defaultSession !== undefined)
    throw new RecoveryError("UsageError", "--from makes a session of its own: it goes with no other.")
  const { streams, signal } = context
  const timeoutMs = durationOf("--timeout", flags.timeout)
  const cluster = openCluster(flags)
  const name = `recover-${randomBytes(4).toString("hex")}`
  const wanted = newSession(name, cluster.namespace, {
    ...flags,
    ...(flags.keep ? {} : { idleTimeout, ttlAfterFinished }),
  })
  const where = `${cluster.namespace}/${name}`
  const steps = new Steps(streams, flags.quiet === true)
  let made: FileRecoverySession | undefined
  let ready: FileRecoverySession | undefined
  const open = async () => {
    made = await send(cluster, wanted)
    ready = await waitUntilReady(cluster, made, { timeoutMs, signal, steps, interrupted: "Interrupted." })
  }
  let opening: Promise<void> | undefined
  let failure: unknown
  try {
    await verb({ ...context, defaultSession: where, openDefault: () => (opening ??= open()) })
  } catch (error) {
    failure = error
    if (ready && reasonOf(error) === "PathNotFound") showVolumes(ready, context)
  }
  // whoever is interrupted doesn't wait for the answer to what was sent
  await opening?.catch(() => undefined)
  if (made && flags.keep)
    streams.err.write(`The session ${where} goes on; end it with: kubectl-recover unmount ${where}\n`)
  else if (made)
    await close(cluster, made, context, steps).catch((error: unknown) => {
      const words = error instanceof Error ? error.message : String(error)
      streams.err.write(`${printable(words)}\nSee that it ends: kubectl-recover unmount ${where}\n`)
      failure ??= error
    })
  if (failure !== undefined) throw failure
}

async function send(cluster: Cluster, wanted: FileRecoverySession): Promise<FileRecoverySession> {
  try {
    return await sendSession(cluster.kube, wanted)
  } catch (error) {
    // the answer was lost, perhaps not the request
    if (reasonOf(error) === "ApiUnavailable") await requestUnmount(cluster, wanted).catch(() => undefined)
    throw error
  }
}

/** Without --from its companions mean nothing: whoever gave them meant something. */
function onlyWithFrom(flags: OneShotFlags, context: Context): Context {
  const { at, recoveryPoint, storageClass, journal, unlockSecret, keep } = flags
  const given = [at[0], recoveryPoint[0], storageClass, journal, keep, unlockSecret[0]].some(
    (flag) => flag !== undefined,
  )
  if (!given) return context
  throw new RecoveryError("UsageError", "--at, --keep and the like say how a session is made: they go with --from.")
}

/** Whoever doesn't know the volumes can't list them afterwards: the session is gone then. */
function showVolumes({ status }: FileRecoverySession, { streams }: Context): void {
  const volumes = status?.volumes ?? []
  if (volumes.length > 0) streams.err.write(`Paths are /VOLUME/PATH; the volumes are:\n${volumeTable(volumes)}`)
}

/** On Ctrl-C only asks for the end: the operator does the rest. */
async function close(cluster: Cluster, made: FileRecoverySession, { streams, signal }: Context, steps: Steps) {
  await requestUnmount(cluster, made)
  const { namespace, name } = made.metadata
  if (signal.aborted) {
    streams.err.write(`The session ${namespace}/${name} is being unmounted.\n`)
    return
  }
  const until = performance.now() + releaseMs
  const last = await waitUntilReleased(cluster, made, { until, signal, steps })
  const failed = last && isOver(last) ? failureOfRelease(last) : undefined
  if (failed) throw failed
}
