import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type AuditRecord, auditRecordSchema } from "../../src/files/audit/record.ts"
import { verifyAudit } from "../../src/files/audit/verify.ts"
import { directorySource } from "../support/directory-source.ts"
import { type FileServiceLab, fileServiceLab } from "../support/file-service.ts"

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "audit-"))
  writeFileSync(join(root, "file"), "content")
  writeFileSync(join(root, "big"), Buffer.alloc(20_000_000))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const lab = () => fileServiceLab(directorySource(root))
const recordsOf = ({ service }: FileServiceLab): AuditRecord[] =>
  service.audit.lines.map((line) => auditRecordSchema.parse(JSON.parse(line)))
const auditor = { auth: "auditor:correct horse" }

test("everything that is done is one record, in order, chained from start to end", async () => {
  const service = await lab()
  const paths = [
    "/v1/volumes",
    "/v1/volumes/data/list?path=/",
    "/v1/volumes/data/stat?path=/file",
    "/v1/volumes/data/content?path=/file",
    "/v1/volumes/data/archive?path=/file&format=zip",
    "/v1/volumes/data/sha256?path=/file",
    "/v1/search?name=fi*",
    "/v1/volumes/data/content?path=/nope%FF",
    "/v1/nothing",
    "/healthz",
  ]
  for (const path of paths) await service.read(path)
  await service.read("/v1/volumes", { method: "DELETE" })
  await service.service.close()
  const done = recordsOf(service).filter(({ event }) => event !== "Login")
  expect(done.map(({ event, outcome }) => `${event} ${outcome}`)).toEqual([
    "Started Ok",
    "Volumes Ok",
    "List Ok",
    "Stat Ok",
    "Read Ok",
    "Archive Ok",
    "Checksum Ok",
    "Search Ok",
    "Read PathNotFound",
    "Request PathNotFound",
    "Volumes UsageError",
    "Stopped Ok",
  ])
  expect(done[4]).toMatchObject({
    via: "https",
    who: "password:recover",
    client: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    volume: "data",
    path: ["/file"],
    bytes: 7,
    count: 1,
  })
  expect(done[7]).toMatchObject({ detail: "name=fi*", count: 1 })
  expect(done[8]).toMatchObject({ path: ["/nope%FF"], bytes: 0 })
  const verdict = verifyAudit(service.service.audit.lines)
  expect(verdict).toMatchObject({ intact: true, chains: [{ stopped: true, head: service.service.audit.head }] })
})

test("logins are recorded once a connection, refused ones without who tried what", async () => {
  await using service = await lab()
  await service.read("/v1/volumes")
  for (let tries = 0; tries < 5; tries++) await service.read("/v1/volumes", { auth: "recover:wrong secret" })
  await service.service.close()
  const records = recordsOf(service)
  expect(records.filter(({ event }) => event === "Login")).toEqual([
    expect.objectContaining({ who: "password:recover" }),
  ])
  const refused = records.filter(({ event }) => event === "LoginRefused")
  expect(refused.reduce((sum, { count = 0 }) => sum + count, 0)).toBe(5)
  expect(refused[0]).toMatchObject({ outcome: "LoginRefused", client: "127.0.0.1" })
  expect(service.service.audit.lines.join("")).not.toMatch(/wrong secret|correct horse/)
})

test("a download that breaks off is recorded with what was sent of it", async () => {
  await using service = await lab()
  const response = await service.ask("/v1/volumes/data/content?path=/big")
  await once(response, "readable")
  response.destroy()
  const read = () => recordsOf(service).find(({ event }) => event === "Read")
  await expect.poll(read).toMatchObject({ outcome: "ConnectionLost" })
  expect(read()?.bytes).toBeLessThan(20_000_000)
})

test("the audit is read by who has the right to it, and by nobody else", async () => {
  await using service = await lab()
  await service.read("/v1/volumes")
  expect(await service.read("/v1/audit")).toMatchObject({ status: 403 })
  expect(await service.read("/v1/volumes", auditor)).toMatchObject({ status: 403 })
  const { status, headers, body } = await service.read("/v1/audit", auditor)
  expect({ status, type: headers["content-type"] }).toEqual({ status: 200, type: "application/x-ndjson" })
  const lines = body.toString().trimEnd().split("\n")
  expect(verifyAudit(lines)).toMatchObject({ intact: true })
  expect(lines.join("")).toContain('"Audit"')
  const own = recordsOf(service).filter(({ event }) => event === "Audit")
  expect(own.map(({ outcome, who }) => [who, outcome])).toEqual([
    ["password:recover", "AccessDenied"],
    ["password:auditor", "Ok"],
  ])
})
