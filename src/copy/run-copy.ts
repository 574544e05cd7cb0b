import { readFile } from "node:fs/promises"
import { join } from "node:path"
import type { Logger } from "pino"
import { dialTcp } from "../client/dial.ts"
import { FilesClient } from "../client/files-client.ts"
import { type CopyResult, fitResult } from "../control/copy-result.ts"
import type { Ending } from "../pod/run.ts"
import { onTermination } from "../pod/signals.ts"
import { maxTerminationBytes, writeTerminationMessage } from "../pod/termination.ts"
import type { CopyOptions } from "./options.ts"
import { pull } from "./pull.ts"

/** The copy's pod: reads with the session's access Secret, writes to the claim, and says in the end what became of it. */
export async function runCopy(options: CopyOptions, log: Logger): Promise<Ending> {
  const {
    host,
    port,
    secrets,
    "session-uid": sessionUid,
    "copy-id": copyId,
    "lost-pods": lostPods,
    "termination-log": terminationLog,
    ...rest
  } = options
  const stopping = new AbortController()
  onTermination(() => stopping.abort())
  const [ca, username, password] = await Promise.all(
    ["ca.crt", "username", "password"].map((file) => readFile(join(secrets, file), "utf8")),
  )
  const files = new FilesClient({
    dial: dialTcp(host, port),
    ca: ca ?? "",
    sessionUid,
    username: username ?? "",
    password: password ?? "",
  })
  log.info({ places: rest.places.length, conflict: rest.conflict }, "copying")
  const retrying = (why: string) => log.warn({ why }, "waiting")
  const tell = (result: CopyResult) => writeTerminationMessage(terminationLog, fitResult(result, maxTerminationBytes))
  const result = await pull({ ...rest, files, copyId, lostPods, signal: stopping.signal, retrying, tell })
  files.close()
  const { failures, ...counts } = result
  for (const { path, reason, message } of failures) log.warn({ path, reason, why: message }, "not copied")
  log.info(counts, "ended")
  return { message: fitResult(result, maxTerminationBytes), code: result.reason === "Copied" ? 0 : 1 }
}
