import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { parseDuration } from "./api/duration.ts"
import { parseSettings } from "./api/settings.ts"
import { initAuthority } from "./controller/init-authority.ts"
import { releaseAll } from "./controller/release-all.ts"
import { runOperator } from "./controller/run.ts"
import { loadKubeConfig } from "./kube/connection.ts"
import { openKube } from "./kube/kube.ts"
import { createLog } from "./observability/log.ts"

const usage = `usage: operator [init-authority | release-all [--timeout DURATION]] [--settings FILE]
  (nothing)        runs the operator until SIGTERM or SIGINT
  init-authority   makes the Secret with the installation's authority; one that exists is left as it is
  release-all      has all sessions unmounted and waits for it, at most 4m unless told otherwise
`

/** The operator's process. Exit codes: 0 done or stopped, 1 failed or lost the lease, 2 wrong usage or settings. */
async function main(): Promise<number> {
  const options = {
    settings: { type: "string", default: "/etc/file-recovery/settings.json" },
    timeout: { type: "string" },
  } as const
  const { positionals, values } = parseArgs({ options, allowPositionals: true })
  const [command, ...more] = positionals
  if (more.length > 0 || ![undefined, "init-authority", "release-all"].includes(command))
    throw new TypeError("unknown command")
  if (values.timeout !== undefined && command !== "release-all") throw new TypeError("--timeout is for release-all")
  const timeoutMs = parseDuration(values.timeout ?? "4m")
  if (timeoutMs === undefined) throw new TypeError("--timeout must be a duration such as 4m or 90s")
  const settings = parseSettings(readFileSync(values.settings, "utf8"))
  const log = createLog(settings.logLevel)
  process.on("uncaughtException", (err) => {
    log.fatal({ err }, "a fault nobody caught: the process ends")
    process.exit(1)
  })
  const config = loadKubeConfig()
  if (command !== undefined) {
    const { client, connection } = openKube(config)
    if (command === "init-authority") {
      const outcome = await initAuthority(client, settings, new Date())
      log.info({ secret: `${settings.operatorNamespace}/${settings.authoritySecret}` }, `the authority ${outcome}`)
    } else {
      await releaseAll({ client, timeoutMs, log })
      log.info({}, "no session is in progress")
    }
    connection.close()
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
