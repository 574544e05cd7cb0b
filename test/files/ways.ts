import type { Way } from "./way.ts"
import { cliWays } from "./ways/cli.ts"
import { httpWay } from "./ways/http.ts"
import { pageWays } from "./ways/page.ts"
import { sshWays } from "./ways/ssh.ts"
import { intoClaim, intoPod, kubectlWays } from "./ways/pods.ts"

/** All ways in which files are taken home. */
export const ways: readonly Way[] = [...cliWays, httpWay, ...sshWays, ...pageWays, ...kubectlWays, intoPod, intoClaim]
