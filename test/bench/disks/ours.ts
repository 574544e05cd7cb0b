import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Catalogue } from "../../../src/guest/catalogue.ts"
import type { UnlockKey } from "../../../src/guest/unlock-key.ts"
import type { LocalSession } from "../../../src/cli/client/local-session.ts"
import { cli, type RunningCli, startCli } from "../../support/cli.ts"
import { type Cost, qemuCost } from "./qemu-cost.ts"
import { secondsOf } from "./seconds.ts"

/** `kubectl recover open` on some images, as a person runs it, until it is disposed of. */
export class Ours implements AsyncDisposable {
  readonly #open: RunningCli
  readonly #dir: string
  readonly #env: Record<string, string>
  /** What other calls run; the source unless it is set. */
  program: string | undefined
  /** From the program's start until all volumes are known, and mounted. */
  readonly seconds: number
  readonly cost: Cost

  private constructor(open: RunningCli, dir: string, env: Record<string, string>, seconds: number, cost: Cost) {
    this.#open = open
    this.#dir = dir
    this.#env = env
    this.seconds = seconds
    this.cost = cost
  }

  static async open(images: readonly string[], keys: readonly UnlockKey[] = []): Promise<Ours> {
    const dir = await mkdtemp(join(tmpdir(), "frk-bench-"))
    const env = { XDG_RUNTIME_DIR: join(dir, "run") }
    const flags: string[] = []
    for (const [index, { value }] of keys.entries()) {
      const file = join(dir, `key${index}`)
      await writeFile(file, value?.reveal() ?? "", { mode: 0o600 })
      flags.push("--key-file", file)
    }
    const { seconds, value: open } = await secondsOf(async () => {
      const started = startCli(["open", ...images, ...flags], env)
      await started.said("Served until Ctrl-C")
      return started
    })
    return new Ours(open, dir, env, seconds, await qemuCost(open.pid))
  }

  get pid(): number {
    return this.#open.pid
  }

  /** How other clients than ours reach it. */
  async session(): Promise<LocalSession> {
    const file = join(this.#dir, "run/file-recovery/local.json")
    return JSON.parse(await readFile(file, "utf8")) as LocalSession
  }

  async catalogue(): Promise<Catalogue> {
    return JSON.parse((await this.run("ls", "local:/", "-o", "json")).toString()) as Catalogue
  }

  /** Seconds that the archive of a volume takes, and the archive. */
  async tar(volume: string): Promise<{ seconds: number; tar: Buffer }> {
    const file = join(this.#dir, "tree.tar")
    const { seconds } = await secondsOf(() => this.run("tar", `local:/${volume}`, "-f", file))
    const tar = await readFile(file)
    await rm(file)
    return { seconds, tar }
  }

  /** Seconds that a file takes to be here. */
  async download(path: string, to: string): Promise<number> {
    return (await secondsOf(() => this.run("cp", `local:/${path}`, to))).seconds
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open.kill("SIGINT")
    await this.#open.ended
    await rm(this.#dir, { recursive: true, force: true })
  }

  /** Another call of the program, which reaches what is open as `local`; what it has said on stdout. */
  async run(...args: string[]): Promise<Buffer> {
    const { code, out, err } = await cli(args, this.#env, this.program)
    if (code !== 0) throw new Error(`kubectl-recover ${args.join(" ")} ended with ${code}: ${err}`)
    return out
  }
}
