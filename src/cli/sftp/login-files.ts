import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { loginKeyFrom } from "../../credentials/ssh-key.ts"

/** What SSH's programs take from files rather than from arguments, which everybody on the machine can see. */
export interface LoginFiles extends AsyncDisposable {
  /** Holds the session's host key and nothing else. */
  readonly knownHosts: string
  /** The private key to log in with. */
  readonly identity: string
}

export interface LoginFilesOptions {
  readonly host: string
  readonly port: number
  readonly hostKey: string
  /** The session's password, or a private key that the user has. */
  readonly login: { readonly password: string } | { readonly identity: string }
}

/** Writes them into a directory that only the user can read, and that is gone afterwards. */
export async function writeLoginFiles({ host, port, hostKey, login }: LoginFilesOptions): Promise<LoginFiles> {
  const directory = await mkdtemp(join(tmpdir(), "frk-sftp-")) // mode 0700
  const knownHosts = join(directory, "known_hosts")
  const identity = "identity" in login ? login.identity : join(directory, "key")
  const remove = () => rm(directory, { recursive: true, force: true })
  try {
    await writeFile(knownHosts, `${known(host, port)} ${hostKey}\n`, { mode: 0o600 })
    if ("password" in login) await writeFile(identity, loginKeyFrom(login.password).privateKey, { mode: 0o600 })
  } catch (error) {
    await remove()
    throw error
  }
  return { knownHosts, identity, [Symbol.asyncDispose]: remove }
}

/** As known_hosts names a host: its usual port goes without saying. */
const known = (host: string, port: number) => (port === 22 ? host : `[${host}]:${port}`)
