import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { controlClient, type ControlClient } from "../../src/control/client.ts"
import { deriveCredentials, type SessionCredentials } from "../../src/credentials/derive.ts"
import { operatorIdentity } from "../../src/credentials/identity.ts"
import { createMasterKey, loadMasterKey } from "../../src/credentials/master-key.ts"
import { secretContents } from "../../src/credentials/secrets.ts"
import type { Identity } from "../../src/pki/identity.ts"
import { createAuthority, loadAuthority, type Authority } from "../../src/pki/authority.ts"

/** A session as its pods see it, without a cluster: the two mounted Secrets, the operator's identity, and its clients. */
export interface TestSession {
  readonly uid: string
  readonly iqn: string
  readonly authority: Authority
  readonly credentials: SessionCredentials
  /** Directories as the kubelet would mount them. */
  readonly secrets: { readonly target: string; readonly restore: string }
  /** A directory for everything else, short enough for unix sockets. */
  readonly dir: string
  readonly operator: Identity
  control<R extends "target" | "restore">(role: R, port: number): ControlClient<R>
  remove(): void
}

export const filesServerName = "frsess-test-files.shop.svc"
const hourMs = 3_600_000

/** `hardEndMs`: the hard end, from now. */
export function makeSession({ hardEndMs = 12 * hourMs } = {}): TestSession {
  const dir = mkdtempSync(join(tmpdir(), "frs-"))
  const uid = crypto.randomUUID()
  const now = new Date()
  const end = new Date(now.getTime() + hardEndMs)
  const authority = loadAuthority(
    createAuthority({
      name: "Test",
      notBefore: new Date(now.getTime() - hourMs),
      notAfter: new Date(now.getTime() + 48 * hourMs),
    }),
  )
  const masterKey = loadMasterKey(createMasterKey())
  const serviceNames = { target: ["frsess-test-target.shop.svc"], files: [filesServerName] }
  const contents = secretContents(authority, masterKey, { uid, serviceNames }, now, end)
  const mount = (name: string, files: Record<string, string>) => {
    mkdirSync(join(dir, name))
    for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, name, file), text)
    return join(dir, name)
  }
  const operator = operatorIdentity(authority, uid, now)
  return {
    uid,
    iqn: `iqn.2026-11.dev.filerecovery:${uid}`,
    authority,
    credentials: deriveCredentials(masterKey, uid),
    secrets: { target: mount("target-secret", contents.target), restore: mount("restore-secret", contents.restore) },
    dir,
    operator,
    control: (role, port) => controlClient({ host: "127.0.0.1", port, identity: operator, sessionUid: uid, role }),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  }
}
