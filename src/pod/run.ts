import type { Logger } from "pino"
import { createLog, type LogLevel } from "../observability/log.ts"
import { terminationMessage, writeTerminationMessage } from "./termination.ts"

interface ProcessOptions {
  readonly "termination-log": string
  readonly "log-level": LogLevel
  readonly "session-uid"?: string
  readonly "session-name"?: string
}

/** What a process has to say at its end, and its exit code. */
export interface Ending {
  readonly message: object
  readonly code: number
}

/**
 * Runs a pod's process to its end: reads its arguments, then exit code 0 when `main` returns, or what it says. Otherwise,
 * and for errors nobody caught, the termination message is written and the code is 1. `main` lets go of everything before
 * it returns.
 */
export async function runPod<O extends ProcessOptions>(
  component: string,
  args: string[],
  parse: (args: string[]) => O,
  main: (options: O, log: Logger) => Promise<Ending | void>,
): Promise<never> {
  let log: Logger = createLog("info", { component })
  let terminationLog = "/dev/termination-log"
  const fail = async (error: unknown): Promise<never> => {
    log.fatal({ err: error }, "failed")
    await writeTerminationMessage(terminationLog, terminationMessage(error))
    process.exit(1)
  }
  process.on("uncaughtException", (error) => void fail(error))
  process.on("unhandledRejection", (error) => void fail(error))
  try {
    const options = parse(args)
    terminationLog = options["termination-log"]
    const { "session-name": session, "session-uid": uid } = options
    log = createLog(options["log-level"], { component, ...(session && { session }), ...(uid && { uid }) })
    const ending = await main(options, log)
    if (ending) {
      await writeTerminationMessage(terminationLog, ending.message)
      log.info({ code: ending.code }, "done")
      process.exit(ending.code)
    }
  } catch (error) {
    return await fail(error)
  }
  log.info("done")
  process.exit(0)
}
