import { randomBytes } from "node:crypto"
import { RecoveryError } from "../api/reasons.ts"
import type { NamedDisk } from "../block/device.ts"
import { checkAlgorithms, checkCredentials, sha256Only } from "../iscsi/chap.ts"
import { dial } from "./dial.ts"
import { checkSameUnits, discover, type FoundUnit } from "./discover.ts"
import { RemoteUnit } from "./logical-unit.ts"
import { standardLimits, type InitiatorOptions } from "./options.ts"
import { SessionKeeper, type InitiatorState } from "./session-keeper.ts"
import { Slots } from "./slots.ts"

/** A target's disks, kept readable. */
export interface Initiator {
  /** In the order of their LUNs. */
  readonly disks: readonly NamedDisk[]
  readonly state: InitiatorState
  /** Calls back at each change of state; returns how to stop that. */
  onState(listener: (state: InitiatorState) => void): () => void
  /** Lets commands under way finish, tells the target, closes. What isn't sent yet rejects. Never rejects itself. */
  logout(): Promise<void>
}

/**
 * Logs in to a target (RFC 7143) inside TLS 1.3, with mutual CHAP, and finds its disks. Waits for a target that isn't there
 * yet as long as for one that was lost. Rejects with `LoginRefused` when either end can't prove who it is.
 */
export async function connectInitiator(options: InitiatorOptions): Promise<Initiator> {
  const limits = { ...standardLimits, ...options.limits }
  checkCredentials(options.chap)
  checkAlgorithms(options.chapAlgorithms ?? sha256Only)
  const isid = newIsid()
  let units: FoundUnit[] | undefined
  const keeper = new SessionKeeper({
    limits,
    log: options.log,
    connect: async () => {
      const session = await dial(options, limits, isid)
      try {
        const found = await discover(session)
        if (units) checkSameUnits(units, found)
        units ??= found
        return session
      } catch (error) {
        session.destroy(new RecoveryError("ConnectionLost", "the target's disks can't be told"))
        throw error
      }
    },
  })
  watchSignal(options.signal, keeper)
  await keeper.session()
  const slots = new Slots(limits.queueDepth)
  return {
    disks: (units ?? []).map((unit) => ({
      name: options.names?.get(unit.lun) ?? unit.name ?? unit.serial,
      serial: unit.serial,
      device: new RemoteUnit(unit, keeper, slots, limits),
    })),
    get state() {
      return keeper.state
    },
    onState: (listener) => keeper.onState(listener),
    logout: () => keeper.close(),
  }
}

function watchSignal(signal: AbortSignal | undefined, keeper: SessionKeeper): void {
  const abort = () => keeper.abort(new RecoveryError("ConnectionLost", "the initiator was stopped"))
  if (signal?.aborted) abort()
  else signal?.addEventListener("abort", abort, { once: true })
}

/** An ISID of the "random" kind (section 11.12.5), the same for every login of this initiator. */
function newIsid(): Buffer {
  const isid = randomBytes(6)
  isid[0] = 0x80
  return isid
}
