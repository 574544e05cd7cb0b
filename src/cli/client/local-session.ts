import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { z } from "zod"
import { RecoveryError } from "../../api/reasons.ts"
import { isAlive } from "../alive.ts"
import { dialTcp } from "../../client/dial.ts"
import type { Dial } from "../../client/session-agent.ts"

/** How another process of the same user reaches what `open` serves. Written with mode 0600: it holds the password. */
const localSessionSchema = z.object({
  pid: z.number().int().positive(),
  port: z.number().int().positive(),
  uid: z.string(),
  ca: z.string(),
  username: z.string(),
  password: z.string(),
  /** `hostKey`: what its clients must find, as known_hosts has it behind the name. */
  sftp: z.object({ port: z.number().int().positive(), hostKey: z.string() }).optional(),
})
export type LocalSession = z.infer<typeof localSessionSchema>

/** `local`, or `local.NAME` for a second one beside it. */
export const localName = /^local(\.[a-z0-9-]{1,40})?$/

function directory(): string {
  const { XDG_RUNTIME_DIR, XDG_CACHE_HOME } = process.env
  return join(XDG_RUNTIME_DIR ?? XDG_CACHE_HOME ?? join(homedir(), ".cache"), "file-recovery")
}

const fileOf = (name: string) => join(directory(), `${name}.json`)

/** Throws UsageError when something is open under this name. */
export function assertNameIsFree(name: string): void {
  const there = read(name)
  if (there && isAlive(there.pid))
    throw new RecoveryError(
      "UsageError",
      `"${name}" is open already, in process ${there.pid}; give this one another --name.`,
    )
}

/** Makes the session known; the returned function takes it back. Throws UsageError when the name is in use. */
export function publishLocalSession(name: string, session: LocalSession): () => void {
  mkdirSync(directory(), { recursive: true, mode: 0o700 })
  assertNameIsFree(name)
  const part = `${fileOf(name)}.${session.pid}`
  writeFileSync(part, JSON.stringify(session), { mode: 0o600, flag: "wx" })
  renameSync(part, fileOf(name))
  return () => {
    if (read(name)?.pid === session.pid) rmSync(fileOf(name), { force: true })
  }
}

/** What `open` serves under this name now. Throws SessionNotFound when its process is gone, too. */
export function findLocalSession(name: string): LocalSession {
  const session = read(name)
  if (!session || !isAlive(session.pid))
    throw new RecoveryError(
      "SessionNotFound",
      `Nothing is open as "${name}"; start it with: kubectl-recover open IMAGE.`,
    )
  return session
}

/** Names of all that is open on this machine. */
export function localSessions(): string[] {
  const files = existsSync(directory()) ? readdirSync(directory()) : []
  const names = files.map((file) => file.replace(/\.json$/, "")).filter((name) => localName.test(name))
  return names.filter((name) => {
    const session = read(name)
    return session !== undefined && isAlive(session.pid)
  })
}

/** Connects to a port of this machine. */
export const dialLocal = (port: number): Dial => dialTcp("127.0.0.1", port)

function read(name: string): LocalSession | undefined {
  try {
    return localSessionSchema.parse(JSON.parse(readFileSync(fileOf(name), "utf8")))
  } catch {
    // absent, or of another version
    return undefined
  }
}
