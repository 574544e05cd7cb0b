import { runCli } from "./cli/program.ts"

/** kubectl-recover: recover files from sessions on a cluster, or from disk images on this machine. */
const stop = new AbortController()
/** Programs that have the terminal: Ctrl-C is for them. */
let borrowers = 0
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(name, () => {
    if (name === "SIGINT" && borrowers > 0) return
    // the second time there is no patience left for cleaning up
    if (stop.signal.aborted) process.exit(130)
    stop.abort()
  })
// a reader such as head(1) that has enough is no failure; the verbs see it as a destroyed stream
process.stdout.on("error", () => undefined)

process.exitCode = await runCli(process.argv.slice(2), {
  streams: {
    out: process.stdout,
    err: process.stderr,
    outIsTerminal: process.stdout.isTTY,
    errIsTerminal: process.stderr.isTTY,
  },
  signal: stop.signal,
  ...(process.stdin.isTTY && {
    lendTerminal: () => {
      borrowers++
      return { [Symbol.dispose]: () => void borrowers-- }
    },
  }),
})
// what a shell asked for is there; an answer that never comes holds up nobody
if (process.argv[2] === "__complete") process.exit()
