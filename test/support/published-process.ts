import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { KubeConfig } from "@kubernetes/client-node"
import { waitFor } from "./wait.ts"

/** The published class in a process of its own, against the cluster of a kubeconfig. */
export class PublishedProcess {
  readonly lines: Record<string, unknown>[] = []
  readonly exit: Promise<number | null>
  readonly #process: ChildProcess
  readonly #directory = mkdtempSync(join(tmpdir(), "published-operator-"))

  constructor(mode: string, config: KubeConfig) {
    const kubeconfig = join(this.#directory, "kubeconfig")
    writeFileSync(kubeconfig, config.exportConfig(), { mode: 0o600 })
    const script = new URL("./published-operator.ts", import.meta.url).pathname
    const env = { ...process.env, KUBECONFIG: kubeconfig, NODE_NO_WARNINGS: "1" }
    this.#process = spawn(process.execPath, [script, mode], { env, stdio: ["ignore", "pipe", "inherit"] })
    this.exit = new Promise((resolve) => this.#process.once("exit", resolve))
    if (this.#process.stdout)
      createInterface(this.#process.stdout).on("line", (line) =>
        this.lines.push(JSON.parse(line) as Record<string, unknown>),
      )
  }

  /** Waits for so many lines. */
  until(what: string, count: number): Promise<boolean> {
    const describe = () => JSON.stringify([this.lines, this.#process.exitCode])
    return waitFor(what, async () => this.lines.length >= count, { seconds: 20, everyMs: 10, describe })
  }

  async end(): Promise<void> {
    this.#process.kill("SIGKILL")
    await this.exit
    rmSync(this.#directory, { recursive: true })
  }
}
