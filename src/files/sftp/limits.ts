/** What SFTP clients may take, next to the limits of the HTTPS service. */
export interface SftpLimits {
  /** Open connections; more are closed at once. */
  readonly connections: number
  /** Of them, connections nobody has logged in on; of more, the oldest is closed. */
  readonly strangers: number
  /** Wrong passwords and signatures of one connection. */
  readonly wrongLogins: number
  /** SFTP sessions of one connection (an OpenSSH client can share one), and files and directories open in each. */
  readonly sessions: number
  readonly handles: number
  /** Files of one session that are read ahead, 2 MiB each. */
  readonly streams: number
  /** Until keys are exchanged, and until somebody has logged in: people type passwords (milliseconds). */
  readonly handshakeMs: number
  readonly loginMs: number
  /** A client that takes no byte, or asks for nothing, for this long is cut off (milliseconds). */
  readonly stallMs: number
  readonly idleMs: number
}

export const defaultSftpLimits: SftpLimits = {
  connections: 32,
  strangers: 8,
  wrongLogins: 3,
  sessions: 4,
  handles: 64,
  streams: 2,
  handshakeMs: 10_000,
  loginMs: 120_000,
  stallMs: 60_000,
  idleMs: 900_000,
}
