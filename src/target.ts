import "./pod/signals.ts"
import { targetOptions } from "./pod/options.ts"
import { runPod } from "./pod/run.ts"
import { runTargetPod } from "./pod/target-pod.ts"

/** The target pod's process. */
await runPod("target", process.argv.slice(2), targetOptions, runTargetPod)
