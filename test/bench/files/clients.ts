import { chmod, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { LocalSession } from "../../../src/cli/client/local-session.ts"
import { fastCiphers } from "../../../src/cli/sftp/instructions.ts"
import { run } from "../../support/run.ts"
import type { Ours } from "../disks/ours.ts"

/** The programs with which people reach what `open` serves: our own, curl, OpenSSH's sftp. Paths are those in the volume. */
export class Clients {
  readonly #ours: Ours
  readonly #session: LocalSession
  readonly #dir: string
  readonly #volume: string

  private constructor(ours: Ours, session: LocalSession, dir: string, volume: string) {
    this.#ours = ours
    this.#session = session
    this.#dir = dir
    this.#volume = volume
  }

  /** `dir`: a folder of its own for what the programs need. Of what is open the first volume is read. */
  static async of(ours: Ours, dir: string): Promise<Clients> {
    const session = await ours.session()
    const { port = 0, hostKey = "" } = session.sftp ?? {}
    await writeFile(join(dir, "known_hosts"), `[127.0.0.1]:${port} ${hostKey}\n`)
    await writeFile(join(dir, "password"), session.password, { mode: 0o600 })
    await writeFile(join(dir, "askpass"), `#!/bin/sh\ncat '${join(dir, "password")}'\n`)
    await chmod(join(dir, "askpass"), 0o700)
    const [volume] = (await ours.catalogue()).volumes
    return new Clients(ours, session, dir, volume?.path ?? "")
  }

  async cp(path: string, to: string): Promise<void> {
    await this.#ours.run("cp", "--quiet", `local:/${this.#volume}${path}`, to)
  }

  async tar(path: string, to: string): Promise<void> {
    await this.#ours.run("tar", "--quiet", `local:/${this.#volume}${path}`, "-f", to)
  }

  async ls(path: string, to: string): Promise<void> {
    await writeFile(to, await this.#ours.run("ls", "--quiet", `local:/${this.#volume}${path}`))
  }

  /** `query` without the path. The certificate names the session and no host, which curl has no words for: hence insecure. */
  async http(resource: "content" | "list" | "archive", path: string, query: string, to: string): Promise<void> {
    const { port, username, password } = this.#session
    const url = `https://127.0.0.1:${port}/v1/volumes/${this.#volume}/${resource}?path=${path}${query}`
    const args = ["--silent", "--show-error", "--fail", "--insecure", "--config", "-", "--output", to, url]
    await run("curl", args, { input: `user = "${username}:${password}"\n` })
  }

  async sftp(path: string, to: string): Promise<void> {
    const { sftp, username } = this.#session
    if (!sftp) throw new Error("what is open serves no SFTP")
    const options = [
      `UserKnownHostsFile=${join(this.#dir, "known_hosts")}`,
      "StrictHostKeyChecking=yes",
      `Ciphers=${fastCiphers}`,
      "PreferredAuthentications=password",
    ].flatMap((option) => ["-o", option])
    const from = `${username}@127.0.0.1:/${this.#volume}${path}`
    const args = ["-q", "-F", "none", "-P", `${sftp.port}`, ...options, from, to]
    const askpass = { SSH_ASKPASS: join(this.#dir, "askpass"), SSH_ASKPASS_REQUIRE: "force" }
    await run("sftp", args, { env: { ...process.env, ...askpass } })
  }
}
