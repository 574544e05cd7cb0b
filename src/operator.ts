import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { parseSettings } from "./api/settings.ts"
import { initAuthority } from "./controller/init-authority.ts"
import { runOperator } from "./controller/run.ts"
import { loadKubeConfig } from "./kube/connection.ts"
import { openKube } from "./kube/kube.ts"
import { createLog } from "./observability/log.ts"

const usage = `usage: operator [init-authority] [--settings FILE]
  (nothing)        runs the operator until SIGTERM or SIGINT
  init-authority   makes the Secret with the installation's authority; one that exists is left as it is
`

/** The operator's process. Exit codes: 0 done or stopped, 1 failed or lost the lease, 2 wrong usage or settings. */
async function main(): Promise<number> {
  const options = { settings: { type: "string", default: "/etc/file-recovery/settings.json" } } as const
  const { positionals, values } = parseArgs({ options, allowPositionals: true })
  const [command, ...more] = positionals
  if (more.length > 0 || (command !== undefined && command !== "init-authority")) throw new TypeError("unknown command")
  const settings = parseSettings(readFileSync(values.settings, "utf8"))
  const log = createLog(settings.logLevel)
  process.on("uncaughtException", (err) => {
    log.fatal({ err }, "a fault nobody caught: the process ends")
    process.exit(1)
  })
  const config = loadKubeConfig()
  if (command === "init-authority") {
    const kube = openKube(config)
    const outcome = await initAuthority(kube.client, settings, new Date())
    kube.connection.close()
    log.info({ secret: `${settings.operatorNamespace}/${settings.authoritySecret}` }, `the authority ${outcome}`)
    return 0
  }
  const stop = new AbortController()
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      log.info({ signal }, "stopping")
      stop.abort()
    })
  }
  return (await runOperator({ config, settings, log, signal: stop.signal })) === "stopped" ? 0 : 1
}

try {
  process.exit(await main())
} catch (error) {
  const words = error instanceof Error ? error.message : String(error)
  const isUsage = error instanceof TypeError || (error as { code?: unknown }).code === "UsageError"
  process.stderr.write(`${words}\n${isUsage ? usage : ""}`)
  process.exit(isUsage ? 2 : 1)
}
