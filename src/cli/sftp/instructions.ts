import { devNull } from "node:os"
import { fingerprintOf } from "../../api/public-key.ts"

/** How to connect to a tunnel. */
export interface Connection {
  readonly session: string
  readonly host: string
  readonly port: number
  readonly username: string
  readonly hostKey: string
  readonly fingerprint: string
  readonly knownHosts: string
  readonly identity: string
  /** The Secret with the password, NAMESPACE/NAME, for programs that want one. */
  readonly secret?: string
}

/** As known_hosts and URLs write a host. */
export const bracketed = (host: string) => (host.includes(":") ? `[${host}]` : host)

/** Those of our service that take less CPU time than what OpenSSH would choose by itself (docs/speed.md). */
export const fastCiphers = "aes128-gcm@openssh.com,aes256-gcm@openssh.com"

/** Arguments of OpenSSH's `sftp` and `scp`: this host key and this login, and nothing from the user's own configuration. */
export function openSshOptions({ port, knownHosts, identity }: Connection): string[] {
  const set = {
    Ciphers: fastCiphers,
    IdentitiesOnly: "yes",
    StrictHostKeyChecking: "yes",
    IdentityFile: asValue(identity),
    UserKnownHostsFile: asValue(knownHosts),
    GlobalKnownHostsFile: devNull,
  }
  const options = Object.entries(set).flatMap(([name, value]) => ["-o", `${name}=${value}`])
  return ["-F", "none", "-P", String(port), ...options]
}

/** A path in an option of OpenSSH's: blanks part several, and `%` begins a token. */
const asValue = (path: string) => `"${path.replaceAll("\\", "/").replaceAll("%", "%%")}"`

/** Lines to paste into a shell, by program. */
export function commandsFor(connection: Connection): Record<"sftp" | "scp" | "rclone", string> {
  const { host, port, username, knownHosts, identity } = connection
  const options = openSshOptions(connection).map(quoted).join(" ")
  const at = `${username}@${bracketed(host)}`
  const remote = Object.entries({ host, port, user: username, key_file: identity, known_hosts_file: knownHosts })
  const values = remote.map(([name, value]) => `${name}="${String(value).replaceAll('"', '""')}"`)
  return {
    sftp: `sftp ${options} ${at}`,
    scp: `scp ${options} ${at}:/VOLUME/PATH .`,
    rclone: `rclone copy ${quoted(`:sftp,shell_type=none,${values.join(",")}:/VOLUME/PATH`)} .`,
  }
}

/** The same for people, with what programs with windows ask for. */
export function instructions(connection: Connection): string {
  const { session, host, port, username, fingerprint, secret } = connection
  const lines = Object.values(commandsFor(connection)).map((line) => `  ${line}\n`)
  const [namespace, name] = secret?.split("/") ?? []
  const password =
    name === undefined
      ? ""
      : `  kubectl get secret -n ${namespace} ${name} -o jsonpath='{.data.password}' | base64 -d\n`
  return `SFTP of ${session}. In another terminal:
${lines.join("")}WinSCP, FileZilla and others: protocol SFTP, host ${host}, port ${port}, user ${username}
  host key ED25519 ${fingerprint}
${password === "" ? "" : `  password, or the private key above:\n  ${password}`}`
}

export const connectionTo = (options: Omit<Connection, "fingerprint">): Connection => ({
  ...options,
  fingerprint: fingerprintOf(options.hostKey),
})

/** For a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
