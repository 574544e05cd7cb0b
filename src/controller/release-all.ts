import { FINALIZER } from "../api/group.ts"
import { RecoveryError } from "../api/reasons.ts"
import type { KubeClient } from "../kube/client.ts"
import { type Clock, sleep, systemClock } from "../kube/clock.ts"
import { KubeError } from "../kube/errors.ts"
import { kinds } from "../kube/kinds.ts"
import { isTerminal } from "../session/finished.ts"
import type { Log } from "./deps.ts"
import type { SessionObject } from "./live-sessions.ts"

const LOOK_MS = 2000
/** Sessions named in the error; of more only how many. */
const NAMED = 20

export interface ReleaseAllOptions {
  readonly client: KubeClient
  readonly timeoutMs: number
  readonly log: Log
  readonly clock?: Clock
}

/**
 * Has all sessions unmounted, before the operator is uninstalled: asks each that is in progress, and waits until none
 * needs an operator any more. Those that come meanwhile are asked too. Needs the rights to list and patch sessions.
 * Rejects with `NotReady` when the time is over, naming what is left; nothing that failed before then is final.
 */
export async function releaseAll({ client, timeoutMs, log, clock = systemClock }: ReleaseAllOptions): Promise<void> {
  const end = clock.now() + timeoutMs
  for (let told = ""; ;) {
    const waitingFor = await look(client)
    if (waitingFor.length === 0) return
    if (told !== waitingFor.join()) log.info({ waitingFor }, "waiting until these are released")
    told = waitingFor.join()
    if (clock.now() >= end) throw tooLate(waitingFor, timeoutMs)
    await sleep(Math.min(LOOK_MS, end - clock.now()), undefined, clock)
  }
}

/** What there is to wait for, in words; asks whoever has not been asked. */
async function look(client: KubeClient): Promise<string[]> {
  try {
    const sessions = await client.list<SessionObject>(kinds.FileRecoverySession)
    const left = sessions.filter(({ metadata, status = {} }) => !isTerminal(status) || hasFinalizer(metadata))
    return await Promise.all(
      left.map(async (one) => `${one.metadata.namespace}/${one.metadata.name} (${await standing(client, one)})`),
    )
  } catch (error) {
    if (!(error instanceof KubeError)) throw error
    // whose kind isn't there has no sessions; rights may take a moment to be in force
    return error.status === 404 ? [] : [error.message]
  }
}

async function standing(client: KubeClient, { metadata, spec, status = {} }: SessionObject): Promise<string> {
  const { name, namespace, deletionTimestamp } = metadata
  const isAsked = deletionTimestamp !== undefined || spec.desiredState === "Unmounted" || isTerminal(status)
  if (isAsked) return status.conditions?.find(({ type }) => type === "Released")?.message ?? "No operator has answered."
  try {
    await client.mergePatch(kinds.FileRecoverySession, name, namespace, { spec: { desiredState: "Unmounted" } })
    return "Asked to unmount."
  } catch (error) {
    if (error instanceof KubeError) return error.message
    throw error
  }
}

function hasFinalizer({ finalizers }: SessionObject["metadata"]): boolean {
  return finalizers?.includes(FINALIZER) === true
}

/** In one line: Helm prints line ends as `\n`. */
function tooLate(left: readonly string[], timeoutMs: number): RecoveryError {
  const named = left.slice(0, NAMED).join(", ")
  const more = left.length > NAMED ? ` and ${left.length - NAMED} more` : ""
  return new RecoveryError(
    "NotReady",
    `Not released within ${timeoutMs / 1000} s: ${named}${more}. Nothing was uninstalled. Only a running operator releases them: try again when it has, or leave them with helm uninstall --no-hooks.`,
  )
}
