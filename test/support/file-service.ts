import { createHash } from "node:crypto"
import { request, type RequestOptions } from "node:https"
import type { IncomingMessage } from "node:http"
import { pino } from "pino"
import { FilesClient } from "../../src/client/files-client.ts"
import { dialLocal } from "../../src/cli/client/local-session.ts"
import { makeIdentities } from "../../src/cli/open/identities.ts"
import type { FileServiceLimits } from "../../src/files/limits.ts"
import { type FileService, startFileService } from "../../src/files/service.ts"
import type { FileSource } from "../../src/files/source.ts"

const usualUid = "5f0c3a52-7d5e-4a5e-9f4e-000000000001"
const password = "correct horse"
const passwordSha256 = createHash("sha256").update(password).digest("hex")

/** A file service on loopback and ways to talk to it. */
export interface FileServiceLab extends AsyncDisposable {
  readonly service: FileService
  readonly ca: string
  readonly password: string
  /** A client with the right password unless told otherwise. */
  client(changed?: Partial<ConstructorParameters<typeof FilesClient>[0]>): FilesClient
  /** A bare request, authorised; the body is the caller's to read. */
  ask(path: string, options?: RequestOptions): Promise<IncomingMessage>
  /** The same, body read as text. */
  read(
    path: string,
    options?: RequestOptions,
  ): Promise<{ status: number; headers: IncomingMessage["headers"]; body: Buffer }>
}

export async function fileServiceLab(
  source: FileSource,
  limits: Partial<FileServiceLimits> = {},
  uid = usualUid,
): Promise<FileServiceLab> {
  const { restore } = makeIdentities(uid, new Date())
  const service = await startFileService({
    host: "127.0.0.1",
    port: 0,
    tls: restore,
    credentials: [
      { username: "recover", passwordSha256 },
      { username: "auditor", passwordSha256, rights: ["audit"] },
    ],
    source,
    session: uid,
    log: pino({ level: "silent" }),
    limits,
  })
  const { ca } = restore
  const ask = (path: string, options: RequestOptions = {}) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      request({
        host: "127.0.0.1",
        port: service.port,
        path,
        ca,
        agent: false,
        auth: `recover:${password}`,
        // the name isn't the point here: FilesClient has its own tests
        checkServerIdentity: () => undefined,
        ...options,
      })
        .on("response", resolve)
        .on("error", reject)
        .end()
    })
  return {
    service,
    ca,
    password,
    ask,
    client: (changed) =>
      new FilesClient({
        dial: dialLocal(service.port),
        ca,
        sessionUid: uid,
        username: "recover",
        password,
        ...changed,
      }),
    async read(path, options) {
      const response = await ask(path, options)
      const chunks: Buffer[] = []
      for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
      return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }
    },
    [Symbol.asyncDispose]: () => service.close(),
  }
}
