import type { CopySpec } from "../../api/copy.ts"
import type { Reason } from "../../api/reasons.ts"
import { type Verdict, verdict } from "../verdict.ts"

/** What the API server's refusal of a copy's pod or session means, and what to do about it. */
export function refusalOf({ code, message }: { code: Reason; message: string }, spec: CopySpec | undefined): Verdict {
  const isForOwners = code === "PodRefused" && spec?.preserve?.includes("Owner") && /PodSecurity/.test(message)
  if (!isForOwners) return verdict(code, message)
  const cure =
    "Keeping owners takes a pod that runs as root: have the namespace allow Pod Security baseline, or create another copy that does not preserve Owner."
  return { reason: code, message: `${message.replace(/[.]?$/, ".")} ${cure}` }
}
