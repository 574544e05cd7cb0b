import { createHash } from "node:crypto"
import { pino } from "pino"
import ssh2 from "ssh2"
import { makeIdentities } from "../../src/cli/open/identities.ts"
import { loginKeyFrom } from "../../src/credentials/ssh-key.ts"
import { type AuditRecord, auditRecordSchema } from "../../src/files/audit/record.ts"
import { AuditTrail } from "../../src/files/audit/trail.ts"
import { PublicKeys } from "../../src/files/sftp/public-keys.ts"
import type { SftpLimits } from "../../src/files/sftp/limits.ts"
import { type SftpService, startSftpService } from "../../src/files/sftp/service.ts"
import type { FileSource } from "../../src/files/source.ts"
import { UsageCounter } from "../../src/files/usage.ts"

const session = "5f0c3a52-7d5e-4a5e-9f4e-000000000001"
const password = "correct horse"

/** An SFTP service on loopback and ways to talk to it. */
export interface SftpLab extends AsyncDisposable {
  readonly service: SftpService
  readonly usage: UsageCounter
  readonly password: string
  /** Those that let in whoever has them, besides the password and its key. */
  readonly publicKeys: PublicKeys
  /** The audit so far. */
  records(): AuditRecord[]
  /** The library's client, logged in with the right password unless told otherwise; rejects when it isn't let in. */
  login(config?: ssh2.ConnectConfig): Promise<ssh2.Client>
  /** Its SFTP session. */
  sftp(config?: ssh2.ConnectConfig): Promise<ssh2.SFTPWrapper>
}

export async function sftpServiceLab(
  source: FileSource,
  limits: Partial<SftpLimits> = {},
  publicKeys: readonly string[] = [],
): Promise<SftpLab> {
  const audit = new AuditTrail({ session })
  const usage = new UsageCounter()
  const named = new PublicKeys()
  named.set(publicKeys)
  const service = await startSftpService({
    host: "127.0.0.1",
    port: 0,
    sessionKey: makeIdentities(session, new Date()).restore.key,
    credentials: {
      username: "recover",
      passwordSha256: createHash("sha256").update(password).digest("hex"),
      sshPublicKey: loginKeyFrom(password).publicKey,
    },
    publicKeys: named,
    source,
    audit,
    usage,
    log: pino({ level: "silent" }),
    limits,
  })
  const clients: ssh2.Client[] = []
  const login = (config: ssh2.ConnectConfig = {}) =>
    new Promise<ssh2.Client>((resolve, reject) => {
      const client = new ssh2.Client()
      clients.push(client)
      client.once("ready", () => resolve(client.setNoDelay(true)))
      client.on("error", reject).once("close", () => reject(new Error("closed")))
      client.connect({ host: "127.0.0.1", port: service.port, username: "recover", password, ...config })
    })
  return {
    service,
    usage,
    password,
    publicKeys: named,
    records: () => audit.lines.map((line) => auditRecordSchema.parse(JSON.parse(line))),
    login,
    async sftp(config) {
      const client = await login(config)
      return new Promise((resolve, reject) =>
        client.sftp((error, sftp) => (error === undefined ? resolve(sftp) : reject(error))),
      )
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy()
      await service.close()
      audit.stop()
    },
  }
}
