import { z } from "zod"

/**
 * Every condition a session can have. SourceVerified comes at the end, with spec.verifySource only. Stalled and Complete are for tools that read them (kstatus, Argo CD):
 * Stalled=True on Failed; Complete=True, and no Ready, on Unmounted and Expired. ExpiringSoon is either True or absent.
 */
export const conditionTypes = [
  "Accepted",
  "VolumesReady",
  "TargetServing",
  "Mounted",
  "Ready",
  "ExpiringSoon",
  "SourceVerified",
  "Released",
  "Stalled",
  "Complete",
] as const

export type ConditionType = (typeof conditionTypes)[number]

/** A condition in the form every Kubernetes tool knows (metav1.Condition). `reason` is a code of the error table. */
export const conditionOf = (types: readonly string[], what: string) =>
  z
    .object({
      type: z.string().describe(`One of ${types.join(", ")}.`),
      status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
      observedGeneration: z
        .int()
        .meta({ format: "int64" })
        .optional()
        .describe("The generation of the spec it is about."),
      lastTransitionTime: z.string().meta({ format: "date-time", description: "When status last changed." }),
      reason: z.string().describe("For programs: a code such as SnapshotNotReady."),
      message: z.string().describe("What happened, to which object, and what to do, for people."),
    })
    .describe(`One aspect of the ${what}'s state.`)

export const condition = conditionOf(conditionTypes, "session")

export type Condition = Omit<z.output<typeof condition>, "type"> & { type: ConditionType }
