import { isDeepStrictEqual } from "node:util"
import { fingerprintOf } from "../api/public-key.ts"
import type { SessionStatus } from "../api/status.ts"
import { SFTP_PORT } from "../children/ports.ts"
import type { Observed } from "./observed.ts"
import type { ControlCall } from "./plan.ts"

type Access = NonNullable<SessionStatus["access"]>

/** Where SFTP is served: as the pod says, and while it says nothing as it has said. Pods of earlier releases serve none. */
export function sftpOf({ status, restore }: Observed, podName: string): Pick<Access, "sftpPort" | "sftpHostKey"> {
  if (restore?.podName === podName && "report" in restore) {
    const { sftp } = restore.report
    return sftp ? { sftpPort: SFTP_PORT, sftpHostKey: sftp.hostKey } : {}
  }
  const { sftpPort, sftpHostKey, podName: before } = status.access ?? {}
  return before === podName && sftpPort !== undefined && sftpHostKey !== undefined ? { sftpPort, sftpHostKey } : {}
}

/** A pod begins with no public key, and the spec may change: one that knows others than the spec has is told. */
export function publicKeys({ spec, restore }: Observed): ControlCall[] {
  if (!spec || !restore || !("report" in restore) || !restore.report.sftp) return []
  const wanted = spec.access?.publicKeys ?? []
  const fingerprints = [...new Set(wanted.map((line) => fingerprintOf(line)))]
  if (isDeepStrictEqual(fingerprints, restore.report.sftp.publicKeys)) return []
  return [{ role: "restore", podName: restore.podName, do: "publicKeys", publicKeys: wanted }]
}
