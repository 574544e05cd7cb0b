import { z } from "zod"
import { API_VERSION, ATTACHMENT_KIND } from "./group.ts"
import type { ObjectMeta } from "./metadata.ts"
import { unchangeable, withRules } from "./rules.ts"

const attachmentSpec = withRules(
  z
    .object({
      sessionName: z.string().min(1).max(253).describe("The session's name in this namespace."),
      sessionUid: z.string().min(1).max(64).describe("The session's UID."),
    })
    .describe("Which session it belongs to. Can't be changed."),
  [],
  [unchangeable("sessionName"), unchangeable("sessionUid")],
)

/** The body of a FileRecoveryAttachment: it only owns. Deleting it lets the garbage collector remove everything of its session. */
export const attachmentSchema = z
  .object({ spec: attachmentSpec })
  .describe(
    "FileRecoveryAttachment is internal to the file recovery operator: it owns everything that was made for one FileRecoverySession. Never create, change or delete one by hand.",
  )

export interface FileRecoveryAttachment {
  apiVersion: typeof API_VERSION
  kind: typeof ATTACHMENT_KIND
  metadata: ObjectMeta
  spec: z.output<typeof attachmentSpec>
}
