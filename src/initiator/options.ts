import type { X509Certificate } from "node:crypto"
import type { BaseLogger } from "pino"
import type { ChapCredentials } from "../iscsi/chap.ts"
import type { Patience } from "../iscsi/silence.ts"
import type { Identity } from "../pki/identity.ts"

/** Bounds and waiting times. */
export interface InitiatorLimits {
  /** READ commands under way at once, over all disks. */
  readonly queueDepth: number
  /** The longest single READ, in bytes. */
  readonly commandBytes: number
  /** From dialling to an established session, in milliseconds. */
  readonly loginMs: number
  /** A command without progress for this long ends the connection, in milliseconds. */
  readonly commandMs: number
  /** How long an outage may last before reads fail for good, in milliseconds. */
  readonly giveUpAfterMs: number
  /** First and longest pause between attempts to connect, in milliseconds. */
  readonly backOff: { readonly firstMs: number; readonly mostMs: number }
  readonly silence: Patience
}

export const standardLimits: InitiatorLimits = {
  queueDepth: 16,
  commandBytes: 1024 * 1024,
  loginMs: 10_000,
  commandMs: 30_000,
  giveUpAfterMs: 600_000,
  backOff: { firstMs: 100, mostMs: 5000 },
  silence: { pingAfterMs: 5000, deadAfterMs: 10_000 },
}

/** What an initiator is started with. */
export interface InitiatorOptions {
  readonly host: string
  readonly port: number
  readonly targetName: string
  readonly initiatorName: string
  readonly tls: Identity
  /** Whether the holder of this certificate, which the authority issued, is the target we mean. */
  readonly authorizePeer: (certificate: X509Certificate) => boolean
  readonly chap: ChapCredentials
  readonly log: BaseLogger
  /** Ends everything at once; reads under way reject. */
  readonly signal?: AbortSignal
  /** Names by LUN, where the caller knows better than the target. */
  readonly names?: ReadonlyMap<number, string>
  /** CHAP algorithms in order of preference; SHA-256 alone by default. */
  readonly chapAlgorithms?: readonly number[]
  readonly limits?: Partial<InitiatorLimits>
}
