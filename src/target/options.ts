import type { X509Certificate } from "node:crypto"
import type { BaseLogger } from "pino"
import type { NamedDisk } from "../block/device.ts"
import type { ChapCredentials } from "../iscsi/chap.ts"
import type { Patience } from "../iscsi/silence.ts"
import type { Identity } from "../pki/identity.ts"

/** Bounds on what peers can use up. Everything "before login" holds until a session is established. */
export interface TargetLimits {
  /** TCP connections at once, logged in or not. */
  readonly connections: number
  /** Connections at once that haven't logged in. */
  readonly pendingConnections: number
  /** Milliseconds from TCP accept to an established session, TLS included. */
  readonly loginMs: number
  /** Login PDUs, and bytes of them, before an established session. */
  readonly loginPdus: number
  readonly loginBytes: number
  /** Sessions at once. */
  readonly sessions: number
  /** Bytes of read data a session may have in memory. */
  readonly readBytesInMemory: number
  readonly silence: Patience
}

export const standardLimits: TargetLimits = {
  connections: 128,
  pendingConnections: 32,
  loginMs: 10_000,
  loginPdus: 24,
  loginBytes: 65_536,
  sessions: 16,
  readBytesInMemory: 8 * 1024 * 1024,
  silence: { pingAfterMs: 15_000, deadAfterMs: 15_000 },
}

/** What a target is started with. */
export interface TargetOptions {
  /** Address to listen on. */
  readonly host: string
  /** Port to listen on; 0 lets the system choose. */
  readonly port: number
  /** The target's iSCSI name. */
  readonly iqn: string
  /** One logical unit each, numbered from 0; at most 256. They stay the caller's to close. */
  readonly disks: readonly NamedDisk[]
  readonly tls: Identity
  readonly chap: ChapCredentials
  /** Whether the holder of this certificate, which the authority issued, may log in: compares its URI name. */
  readonly authorizePeer: (certificate: X509Certificate) => boolean
  readonly log: BaseLogger
  /** CHAP algorithms in order of preference; SHA-256 alone unless clients outside need others. */
  readonly chapAlgorithms?: readonly number[]
  readonly limits?: Partial<TargetLimits>
}
