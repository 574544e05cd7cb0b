import "./pod/signals.ts"
import { runFilesPod } from "./pod/files-pod.ts"
import { runGuestPod } from "./pod/guest-pod.ts"
import { filesOptions, guestOptions, unknownCommand } from "./pod/options.ts"
import { runPod } from "./pod/run.ts"

/** The restore pod's two processes: `restore.ts files` and `restore.ts guest`, a container each. */
const [command, ...args] = process.argv.slice(2)
if (command === "files") await runPod("files", args, filesOptions, runFilesPod)
if (command === "guest") await runPod("guest", args, guestOptions, runGuestPod)
await runPod("restore", args, unknownCommand, () => Promise.resolve())
