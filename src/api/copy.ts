import { z } from "zod"
import { API_VERSION, type COPY_KIND } from "./group.ts"
import type { ObjectMeta } from "./metadata.ts"
import { unchangeable, withRules } from "./rules.ts"
import { duration, journal, objectName, recoveryPoint, source, unlock } from "./spec.ts"
import { copyStatus, type CopyStatus } from "./copy-status.ts"

/**
 * A path as the CLI has it: names are bytes, \xNN stands for one, \\ for a backslash. The pull program reads it with
 * parseName (files/names.ts) and refuses what it finds behind an escape: "..", NUL.
 */
const path = (what: string) =>
  withRules(
    z
      .string()
      .min(1)
      .max(4096)
      .regex(
        /^\/([^\\]|\\\\|\\x[0-9A-Fa-f]{2})*$/,
        "must start with /, and write \\\\ for a backslash and \\xNN for a byte",
      )
      .describe(what),
    [
      {
        holds: (text) => !/(^|\/)\.\.(\/|$)/.test(text),
        cel: "!self.matches('(^|/)[.][.](/|$)')",
        message: 'must not hold ".."',
      },
    ],
  )

const session = z
  .object({
    name: objectName().describe(
      "Name of a FileRecoverySession of this namespace. It need not be Ready, nor there, yet.",
    ),
    close: z
      .boolean()
      .default(false)
      .describe("Unmount the session when the copy has ended, well or not. Otherwise it goes on."),
  })
  .describe("A session to copy from. Whoever names one must be allowed to get Secrets of the namespace.")

const paths = z
  .array(
    z
      .object({
        volume: z
          .string()
          .min(1)
          .max(253)
          .regex(/^[^/\\]+$/, "must be a volume's name")
          .describe("The volume's name as in the session's status.volumes[].path, e.g. vg0-data."),
        path: path("File or directory within the volume; / is all of it. Bytes that can't be typed are written \\xNN."),
      })
      .describe("Something to copy, and all below it. It is called there as here; a whole volume as the volume."),
  )
  .min(1)
  .max(64)
  .describe("What to copy. No two may have the same last name.")
  .meta({ "x-kubernetes-list-type": "atomic" })

const id = (what: string) => z.int().min(1).max(2_147_483_647).meta({ format: "int64" }).describe(what)

const securityContext = z
  .object({
    runAsUser: id("Numeric user that all that is written belongs to: the one that the volume's own workload runs as."),
    runAsGroup: id("Its group. Default: the same number as runAsUser.").optional(),
    fsGroup: id("As of a pod: where the volume's own workload has one, the same. Absent: none.").optional(),
  })
  .describe(
    "Who writes, as in a pod's securityContext; never root. Absent: user, group and fsGroup 65532, which suits a new volume.",
  )

const destination = z
  .object({
    persistentVolumeClaim: z
      .object({
        name: withRules(objectName().describe("Name of a claim of this namespace with volumeMode Filesystem."), [
          {
            holds: (name) => !name.startsWith("frsess-"),
            cel: "!self.startsWith('frsess-')",
            message: "claims that begin with frsess- are those of sessions themselves",
          },
        ]),
      })
      .describe("The claim. It may be mounted elsewhere as far as its access modes allow that."),
    directory: path("Directory in the volume; it is made where it is missing.").prefault("/").meta({ default: "/" }),
    securityContext: securityContext.optional(),
  })
  .describe("Where the copies go.")

const conflict = z
  .enum(["Fail", "Skip", "Overwrite", "Rename"])
  .describe(
    "What becomes of a file whose name is taken at the destination. Fail: it is left out, and the copy ends Failed. Skip: it is left out. Overwrite: what was there is replaced, unless it is a directory. Rename: it is written as NAME.recovered. Directories that are there already are copied into, whatever is said here.",
  )

export const preserved = ["Owner", "Attributes"] as const
export type Preserved = (typeof preserved)[number]

const preserve = z
  .array(z.enum(preserved))
  .min(1)
  .max(preserved.length)
  .refine((all) => new Set(all).size === all.length, { message: "names something twice" })
  .describe(
    "What is kept besides content, permission bits and times. Owner: numeric owner and group. The copy's pod then runs as root with the capabilities CHOWN, DAC_OVERRIDE, FOWNER and FSETID: the namespace must allow Pod Security baseline. Without it all that is written belongs to destination.securityContext. Attributes: ACLs and extended attributes of the kind user.*.",
  )
  .meta({ "x-kubernetes-list-type": "set" })

const ttlAfterFinished = duration(
  "Delete this object itself so long after it has finished (Complete or Failed), e.g. 24h; 0s: at once. Absent: it stays until somebody deletes it, which is right for what Git declares. Can be changed, added and removed at any time.",
)

/** What a user asks for: from a session that is there, or one made of source, recoveryPoint, unlock and journal. */
export const copySpec = withRules(
  z
    .object({
      session: session.optional(),
      source: source.optional(),
      recoveryPoint: recoveryPoint.optional(),
      unlock: unlock.optional(),
      journal: journal.optional(),
      paths,
      destination,
      conflict: conflict.default("Fail"),
      preserve: preserve.optional(),
      ttlAfterFinished: ttlAfterFinished.optional(),
    })
    .describe("What to copy, from where, and where to. Can't be changed but for ttlAfterFinished."),
  [
    {
      holds: (spec) => (spec.session === undefined) !== (spec.source === undefined),
      cel: "has(self.session) != has(self.source)",
      message: "exactly one of session and source must be set",
    },
    {
      holds: ({ session, ...spec }) =>
        session === undefined || (!spec.recoveryPoint && !spec.unlock && spec.journal === undefined),
      cel: "!has(self.session) || (!has(self.recoveryPoint) && !has(self.unlock) && !has(self.journal))",
      message: "recoveryPoint, unlock and journal are for a session that is made of source",
    },
    {
      holds: ({ source, recoveryPoint: { name, notAfter } = {} }) =>
        source?.volumeSnapshots === undefined || (name === undefined && notAfter === undefined),
      cel: "!has(self.source) || !has(self.source.volumeSnapshots) || !has(self.recoveryPoint) || (!has(self.recoveryPoint.name) && !has(self.recoveryPoint.notAfter))",
      message: "recoveryPoint chooses among the snapshots of claims; volumeSnapshots are chosen already",
    },
    {
      holds: ({ preserve, destination }) => !preserve?.includes("Owner") || destination.securityContext === undefined,
      cel: "!has(self.preserve) || !('Owner' in self.preserve) || !has(self.destination.securityContext)",
      message: "where owners are kept, no other can be named in destination.securityContext",
    },
  ],
  (
    ["session", "source", "recoveryPoint", "unlock", "journal", "paths", "destination", "conflict", "preserve"] as const
  ).map((field) => ({ ...unchangeable(field), message: `${field} can't change; create another copy` })),
)

/** The body of a FileRecoveryCopy without the parts every object has. The CRD is rendered from this. */
export const copySchema = z
  .object({ spec: copySpec, status: copyStatus.optional() })
  .describe(
    "FileRecoveryCopy copies files of a recovery point into a claim, once: from a session that is there, or from one that is made for it and goes with it. Wait for the condition Complete.",
  )

export type CopySpec = z.output<typeof copySpec>
export type CopySpecInput = z.input<typeof copySpec>

/** A copy as the API server gives it. */
export interface FileRecoveryCopy {
  apiVersion: typeof API_VERSION
  kind: typeof COPY_KIND
  metadata: ObjectMeta
  spec: CopySpecInput
  status?: CopyStatus
}
