import { AuditTrail } from "./audit/trail.ts"
import type { Credentials } from "./auth.ts"
import { type FileService, type FileServiceOptions, startFileService } from "./service.ts"
import type { PublicKeys } from "./sftp/public-keys.ts"
import { type SftpService, startSftpService } from "./sftp/service.ts"
import { UsageCounter } from "./usage.ts"

export interface FileServicesOptions extends Omit<FileServiceOptions, "audit" | "usage" | "credentials"> {
  readonly credentials: Credentials
  /** 0: any free port; absent: no SFTP. */
  readonly sftpPort?: number | undefined
  /** Whose owners SFTP lets in, besides whoever knows the password. */
  readonly publicKeys?: PublicKeys
  /** Told each line of the audit. */
  readonly writeAudit?: (line: string) => void
}

/** All ways to the files of one session, with one audit and one count of what is used. */
export interface FileServices extends FileService {
  readonly sftp: SftpService | undefined
}

/** Starts HTTPS and, where it is wanted, SFTP beside it. Rejects, with nothing left, when one of them can't listen. */
export async function startFileServices(options: FileServicesOptions): Promise<FileServices> {
  const { session, sftpPort, writeAudit } = options
  const audit = new AuditTrail({ session, ...(writeAudit && { write: writeAudit }) })
  const usage = new UsageCounter()
  const https = await startFileService({ ...options, audit, usage })
  const sftp = await startSftp(options, sftpPort, audit, usage).catch(async (error: unknown) => {
    await https.close()
    throw error
  })
  const both = async (
    end: (service: { close(): Promise<void>; drain(graceMs: number): Promise<void> }) => Promise<void>,
  ) => {
    await Promise.all([end(https), ...(sftp ? [end(sftp)] : [])])
    audit.stop()
  }
  return {
    ...https,
    sftp,
    drain: (graceMs) => both((service) => service.drain(graceMs)),
    close: () => both((service) => service.close()),
  }
}

async function startSftp(
  { host, tls, credentials, publicKeys, source, log }: FileServicesOptions,
  port: number | undefined,
  audit: AuditTrail,
  usage: UsageCounter,
): Promise<SftpService | undefined> {
  if (port === undefined) return undefined
  const keys = publicKeys === undefined ? {} : { publicKeys }
  return startSftpService({ host, port, sessionKey: tls.key, credentials, ...keys, source, log, audit, usage })
}
