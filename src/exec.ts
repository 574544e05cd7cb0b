#!/usr/local/bin/node
import { basename } from "node:path"
import { FilesClient } from "./client/files-client.ts"
import { list } from "./exec/ls.ts"
import { archive } from "./exec/tar.ts"
import { localSocketPath } from "./files/local-socket-path.ts"

/**
 * `tar` and `ls` of the restore pod's container `files`, by whichever name it is started: what `kubectl cp` and `kubectl exec`
 * find there are the session's volumes, not the container's own files.
 */
const [, program = "", ...args] = process.argv
const files = new FilesClient({ socket: process.env["FILE_RECOVERY_FILES"] ?? localSocketPath })
// who has enough, as head(1), is no failure
process.stdout.on("error", () => process.exit(141))
const run = basename(program) === "ls" ? list : archive
process.exitCode = await run(args, { files, out: process.stdout, err: process.stderr })
files.close()
