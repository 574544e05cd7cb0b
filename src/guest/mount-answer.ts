import { RecoveryError } from "../api/reasons.ts"
import { byteCount } from "./byte-count.ts"
import type { Volume } from "./catalogue.ts"
import type { SystemPlace } from "./system/identify.ts"

/** What the guest may remark of an NTFS it has mounted, and how people are told. */
const remarks = {
  hibernated:
    "Windows was hibernated, or shut down for a fast start: what it had not yet written to this volume is not on it.",
  dirty: "Windows has marked it to be checked: parts of it may be damaged.",
  unreplayed: "Its journal could not be replayed: what was written last may be missing or damaged.",
} as const
type Remark = keyof typeof remarks

const pattern =
  /^(\d{1,7}) (\d{1,18}) (\d{1,18}) -?\d{1,20} -?\d{1,20}\n((?:(?:hibernated|dirty|unreplayed)\n){0,3})(?:(linux|windows) (\/[@A-Za-z0-9/]{0,64})\n)?$/

/**
 * What a volume has become by the answer of `mount`: block size, blocks, free blocks, files, free files, then a line for
 * each remark, and where a system seems to be. Throws ProtocolError for anything else.
 */
export function parseMount(answer: Buffer): {
  mounted: Pick<Volume, "state" | "usedBytes" | "message">
  system?: SystemPlace
} {
  const match = pattern.exec(answer.toString("latin1"))
  if (match === null) throw new RecoveryError("ProtocolError", "The guest's mount answered in a way it never does.")
  const [blockSize = 0, blocks = 0, free = 0] = match.slice(1, 4).map(Number)
  const words = (match[4] ?? "").split("\n").filter((word): word is Remark => word in remarks)
  const [kind, folder] = [match[5], match[6]]
  return {
    mounted: {
      state: "Mounted",
      usedBytes: byteCount(blockSize * (blocks - free)),
      ...(words.length === 0 ? {} : { message: words.map((word) => remarks[word]).join(" ") }),
    },
    ...((kind === "linux" || kind === "windows") && folder !== undefined ? { system: { kind, folder } } : {}),
  }
}
