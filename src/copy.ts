import "./pod/signals.ts"
import { copyOptions } from "./copy/options.ts"
import { runCopy } from "./copy/run-copy.ts"
import { runPod } from "./pod/run.ts"

/** The pod of a FileRecoveryCopy: copies files of a session into a claim. */
await runPod("copy", process.argv.slice(2), copyOptions, runCopy)
