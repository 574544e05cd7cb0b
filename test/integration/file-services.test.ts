import { createHash } from "node:crypto"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { request } from "node:https"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pino } from "pino"
import ssh2 from "ssh2"
import { afterAll, beforeAll, expect, test } from "vitest"
import { makeIdentities } from "../../src/cli/open/identities.ts"
import { verifyAudit } from "../../src/files/audit/verify.ts"
import { startFileServices } from "../../src/files/services.ts"
import { directorySource } from "../support/directory-source.ts"

/** HTTPS and SFTP as the services of one session. */
const session = "5f0c3a52-7d5e-4a5e-9f4e-000000000001"
let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "services-"))
  writeFileSync(join(root, "file"), "content")
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const options = (lines: string[], sftpPort?: number) => ({
  host: "127.0.0.1",
  port: 0,
  sftpPort,
  tls: makeIdentities(session, new Date()).restore,
  credentials: { username: "recover", passwordSha256: createHash("sha256").update("secret word").digest("hex") },
  session,
  source: directorySource(root),
  log: pino({ level: "silent" }),
  writeAudit: (line: string) => void lines.push(line),
})

async function overHttps(port: number): Promise<void> {
  const path = "/v1/volumes/data/content?path=/file"
  const auth = "recover:secret word"
  const [response] = (await once(
    request({ host: "127.0.0.1", port, path, auth, rejectUnauthorized: false, agent: false }).end(),
    "response",
  )) as [NodeJS.ReadableStream]
  await once(response.resume(), "end")
}

async function overSftp(port: number): Promise<void> {
  const client = new ssh2.Client()
  client.connect({ host: "127.0.0.1", port, username: "recover", password: "secret word" })
  await once(client, "ready")
  const sftp = await new Promise<ssh2.SFTPWrapper>((resolve, reject) =>
    client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp))),
  )
  await new Promise((resolve) => sftp.readFile("/data/file", resolve))
  client.end()
  await once(client, "close")
}

test("one audit and one count of both, ended together", async () => {
  const lines: string[] = []
  const services = await startFileServices(options(lines, 0))
  await overHttps(services.port)
  await overSftp(services.sftp?.port ?? 0)
  await expect.poll(() => services.usage()).toMatchObject({ clients: 0, filesRead: 2, bytesRead: 14 })
  await services.drain(1000)
  const reads = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ event }) => event === "Read")
  expect(reads).toMatchObject([
    { via: "https", path: ["/file"], bytes: 7, outcome: "Ok" },
    { via: "sftp", path: ["/file"], bytes: 7, outcome: "Ok" },
  ])
  expect(verifyAudit(lines)).toMatchObject({ intact: true, chains: [{ stopped: true }] })
  await services.close()
})

test("without a port there is no SFTP", async () => {
  const services = await startFileServices(options([]))
  expect(services.sftp).toBeUndefined()
  await services.close()
})

test("a port that is taken leaves nothing behind", async () => {
  const taken = createServer().listen(0, "127.0.0.1")
  await once(taken, "listening")
  const { port } = taken.address() as { port: number }
  const lines: string[] = []
  await expect(startFileServices(options(lines, port))).rejects.toMatchObject({ code: "EADDRINUSE" })
  taken.close()
})
