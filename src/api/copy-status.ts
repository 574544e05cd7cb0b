import { z } from "zod"
import { conditionOf } from "./conditions.ts"

/**
 * Conditions of a copy. Complete is always there: True at its good end, else False with what is being done or waited for.
 * Failed and Stalled (for tools that read kstatus) come together, at its bad end.
 */
export const copyConditionTypes = ["Complete", "Failed", "Stalled"] as const
export type CopyConditionType = (typeof copyConditionTypes)[number]

export const copyPhases = ["Pending", "Copying", "Closing", "Complete", "Failed"] as const
export type CopyPhase = (typeof copyPhases)[number]

const text = (what: string) => z.string().describe(what)
const time = (what: string) => z.string().meta({ format: "date-time", description: what })
const count = (what: string) => z.int().meta({ format: "int64", description: what })

const failure = z
  .object({
    path: text("The file, as /VOLUME/PATH; bytes that can't be shown are \\xNN."),
    reason: text("A code, such as DestinationExists."),
    message: text("What happened.").optional(),
  })
  .describe("A file that was not copied.")

/** What the operator tells of a copy; nobody else writes it. */
export const copyStatus = z
  .object({
    phase: z
      .enum(copyPhases)
      .optional()
      .describe("Where the copy is. Complete and Failed mean: nothing is left of it but what was copied."),
    conditions: z
      .array(conditionOf(copyConditionTypes, "copy"))
      .optional()
      .describe("Complete, always; Failed and Stalled when it ended badly.")
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] }),
    session: z
      .object({ name: text("Its name."), uid: text("Its UID.") })
      .optional()
      .describe("The session that is copied from."),
    podName: text("The pod that copies.").optional(),
    lostPods: count("How many pods were lost before it; each went on where the one before had ended.").optional(),
    startedAt: time("When the first pod was made.").optional(),
    finishedAt: time("When nothing was left to do.").optional(),
    files: count("Files and links that were copied, by all pods.").optional(),
    bytes: count("Bytes of these files.").optional(),
    skipped: count(
      "Files left out because their name was taken, with conflict Skip; and devices, pipes, sockets.",
    ).optional(),
    failed: count("Files that were not copied though they should be.").optional(),
    failures: z
      .array(failure)
      .optional()
      .describe("The first of them, as many as a pod can tell.")
      .meta({ "x-kubernetes-list-type": "atomic" }),
  })
  .describe("What became of it. Written by the operator only.")

export type CopyStatus = z.output<typeof copyStatus>
export type CopyFailure = z.output<typeof failure>
export type CopyCondition = NonNullable<CopyStatus["conditions"]>[number]
