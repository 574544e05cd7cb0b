import { z } from "zod"
import { clients } from "./clients.ts"
import { DURATION_PATTERN, LONGEST_TTL, MINUTE, parseDuration } from "./duration.ts"
import { publicKeys } from "./public-key.ts"
import { unchangeable, withRules } from "./rules.ts"

const NAME_PATTERN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
/** The name of an object, as the API server takes it. */
export const objectName = () => z.string().min(1).max(253).regex(NAME_PATTERN, "must be a Kubernetes object name")

/** Disks of a session, those of all its recovery points together. */
const maxDisks = 64

const storageClassName = objectName()
  .optional()
  .describe(
    "StorageClass for the clone. Default: the claim's own class if it uses the snapshot's driver, else the only class of that driver. Must have reclaimPolicy Delete.",
  )

const disks = (what: string, name: string) =>
  withRules(
    z
      .array(z.object({ name: objectName().describe(name), storageClassName }).describe("One disk of the session."))
      .min(1)
      .max(maxDisks)
      .describe(what)
      .meta({ "x-kubernetes-list-type": "atomic" }),
    [
      {
        holds: (list) => new Set(list.map(({ name }) => name)).size === list.length,
        cel: "self.all(x, self.exists_one(y, x.name == y.name))",
        message: "each name may occur only once",
      },
    ],
  )

export const source = withRules(
  z
    .object({
      volumeSnapshots: disks(
        "VolumeSnapshots of this namespace, one per disk. They are the recovery point.",
        "Name of a VolumeSnapshot in the session's namespace.",
      ).optional(),
      persistentVolumeClaims: disks(
        "PersistentVolumeClaims of this namespace whose snapshots are looked up, one per disk. A claim itself may be gone.",
        "Name of a PersistentVolumeClaim in the session's namespace, also of one that no longer exists.",
      ).optional(),
    })
    .describe("Where the disks come from: exactly one of the fields below. Can't be changed."),
  [
    {
      holds: (s) => (s.volumeSnapshots === undefined) !== (s.persistentVolumeClaims === undefined),
      cel: "has(self.volumeSnapshots) != has(self.persistentVolumeClaims)",
      message: "exactly one of volumeSnapshots and persistentVolumeClaims must be set",
    },
  ],
)

export const recoveryPoint = withRules(
  z
    .object({
      name: objectName()
        .optional()
        .describe("Take the recovery point this VolumeSnapshot belongs to. It must be one of a claim of the source."),
      notAfter: z.iso
        .datetime({ offset: true })
        .max(64)
        .optional()
        .describe("Take the newest recovery point made at this time or before, e.g. 2026-11-22T03:00:00Z."),
    })
    .describe(
      "Which recovery point of the claims to take. Empty or absent: the newest that is ready. With several claims, snapshots within 5 minutes of each other make one recovery point. Can't be changed.",
    ),
  [
    {
      holds: (p) => p.name === undefined || p.notAfter === undefined,
      cel: "!has(self.name) || !has(self.notAfter)",
      message: "only one of name and notAfter may be set",
    },
  ],
)

/** Each is a micro-VM of its own, and all of their disks are served at once. */
export const maxRecoveryPoints = 4

const recoveryPoints = withRules(
  z
    .array(recoveryPoint)
    .min(2)
    .max(maxRecoveryPoints)
    .describe(
      "Instead of recoveryPoint: several recovery points of the claims side by side, each chosen as a single one is. Volumes are then called point1-VOLUME, point2-VOLUME... in this order. Nothing of one is put together with disks of another. Two that turn out to be the same are refused, and so are more than 64 disks in all. Can't be changed.",
    )
    .meta({ "x-kubernetes-list-type": "atomic" }),
  [
    {
      holds: (list) => new Set(list.map(({ name, notAfter }) => JSON.stringify([name, notAfter]))).size === list.length,
      cel: "self.all(x, self.exists_one(y, x == y))",
      message: "each recovery point may occur only once",
    },
  ],
)

export const duration = (what: string) =>
  z.string().min(2).max(18).regex(DURATION_PATTERN, "must be a duration such as 12h, 1h30m or 90m").describe(what)

/** How long something of a session may take: no shorter than an operator can keep, no longer than a session lasts. */
const timeLimit = (what: string) =>
  withRules(duration(what), [
    {
      holds: (text) => (parseDuration(text) ?? 0) >= MINUTE,
      cel: "duration(self) >= duration('1m')",
      message: "must be at least 1m",
    },
    {
      holds: (text) => (parseDuration(text) ?? 0) <= LONGEST_TTL,
      cel: "duration(self) <= duration('12h')",
      message: "must be at most 12h",
    },
  ])

const ttl = timeLimit(
  "How long the session lasts from its start (it leaves Pending): from 1m to 12h, e.g. 90m. Raising it prolongs a running session, up to 12 hours after its start, lowering it ends one sooner; an administrator may have set a lower maximum. The condition ExpiringSoon and Events tell of the end 15 and 2 minutes before.",
)

const idleTimeout = timeLimit(
  "Unmount when no client has read anything for this long: from 1m to 12h, e.g. 30m. Listings count as reads, and while a client is connected to the file service the session is not idle. The session ends Expired with reason Idle. Absent: it lasts until its ttl ends. Can be changed, added and removed at any time.",
)

const ttlAfterFinished = duration(
  "Delete this object itself so long after it has finished (Unmounted, Expired or Failed), e.g. 24h; 0s: at once. Absent: it stays until somebody deletes it, which is right for what Git declares. Can be changed, added and removed at any time.",
)

const verifySource = z
  .boolean()
  .describe(
    "Prove that the clones were not changed: each disk is hashed (sha256) before its first byte is served and again when nobody is connected any more. The hashes are in status.disks, the result is the condition SourceVerified and status.release.sourceVerified. Every disk is read whole, twice: it takes that much longer until files can be read, and until the session is gone. No time is left for the second hash where a session lasts to the end of its 12 hours, or is deleted instead of unmounted. Can't be changed.",
  )

export const unlock = withRules(
  z
    .array(
      z
        .object({
          secretRef: z
            .object({
              name: withRules(objectName().describe("Name of a Secret in the session's namespace."), [
                {
                  holds: (name) => !name.startsWith("frsess-"),
                  cel: "!self.startsWith('frsess-')",
                  message: "Secrets that begin with frsess- are those of sessions themselves",
                },
              ]),
              key: z
                .string()
                .min(1)
                .max(253)
                .regex(/^[-._a-zA-Z0-9]+$/, "must be a key of a Secret")
                .describe("Which of its keys holds the passphrase."),
            })
            .describe(
              "The Secret with the passphrase. Whoever asks must be allowed to get it; the operator never reads it.",
            ),
        })
        .describe("A passphrase to try."),
    )
    .max(4)
    .describe(
      "LUKS passphrases or key files, BitLocker passwords, recovery keys or startup keys, from Secrets of this namespace. Each is tried on every encrypted volume, also with the line end taken off that it may have. A volume that none of them opens is listed Locked, with what came of each. Can't be changed.",
    )
    .meta({ "x-kubernetes-list-type": "atomic" }),
  [
    {
      holds: (list) => new Set(list.map(({ secretRef: { name, key } }) => `${name}/${key}`)).size === list.length,
      cel: "self.all(x, self.exists_one(y, x.secretRef.name == y.secretRef.name && x.secretRef.key == y.secretRef.key))",
      message: "each key of a Secret may occur only once",
    },
  ],
)

export const journal = z
  .enum(["Replay", "Skip"])
  .describe(
    "What becomes of journals that the snapshot caught before they were written back. Replay: they are played into memory, never onto the source, and files are as after a crash. Skip: ext3, ext4, XFS, Btrfs, F2FS and NTFS are mounted as they lie there, where the journal itself is broken or its last writes are what went wrong; what only the journal holds is missing, and parts may contradict each other. Can't be changed.",
  )

const desiredState = z
  .enum(["Mounted", "Unmounted"])
  .describe(
    "Mounted: files can be read. Unmounted: new connections are refused at once, everything made for the session is removed, a summary stays. There is no way back from Unmounted.",
  )

const access = z
  .object({ publicKeys: publicKeys.optional(), clients: clients.optional() })
  .describe(
    "Who may read the files, besides whoever may read the session's access Secret, and from where. Can be changed at any time.",
  )

/** What a user asks for. Every refinement of it has a CEL twin, so the API server refuses the same things with the same words. */
export const sessionSpec = withRules(
  z
    .object({
      source,
      recoveryPoint: recoveryPoint.prefault({}).meta({ default: {} }),
      recoveryPoints: recoveryPoints.optional(),
      unlock: unlock.optional(),
      journal: journal.default("Replay"),
      verifySource: verifySource.default(false),
      desiredState: desiredState.default("Mounted"),
      ttl: ttl.default("12h"),
      idleTimeout: idleTimeout.optional(),
      ttlAfterFinished: ttlAfterFinished.optional(),
      access: access.optional(),
    })
    .describe("What to recover files from, and for how long."),
  [
    {
      holds: ({ source, recoveryPoint: { name, notAfter } }) =>
        source.volumeSnapshots === undefined || (name === undefined && notAfter === undefined),
      cel: "!has(self.source.volumeSnapshots) || !has(self.recoveryPoint) || (!has(self.recoveryPoint.name) && !has(self.recoveryPoint.notAfter))",
      message: "recoveryPoint chooses among the snapshots of claims; volumeSnapshots are chosen already",
    },
    {
      holds: ({ source, recoveryPoints }) =>
        recoveryPoints === undefined || source.persistentVolumeClaims !== undefined,
      cel: "!has(self.recoveryPoints) || has(self.source.persistentVolumeClaims)",
      message: "recoveryPoints are those of persistentVolumeClaims",
    },
    {
      holds: ({ recoveryPoint: { name, notAfter }, recoveryPoints }) =>
        recoveryPoints === undefined || (name === undefined && notAfter === undefined),
      cel: "!has(self.recoveryPoints) || !has(self.recoveryPoint) || (!has(self.recoveryPoint.name) && !has(self.recoveryPoint.notAfter))",
      message: "only one of recoveryPoint and recoveryPoints may be set",
    },
    {
      holds: ({ source: { persistentVolumeClaims = [] }, recoveryPoints = [] }) =>
        persistentVolumeClaims.length * recoveryPoints.length <= maxDisks,
      cel: `!has(self.recoveryPoints) || !has(self.source.persistentVolumeClaims) || size(self.source.persistentVolumeClaims) * size(self.recoveryPoints) <= ${maxDisks}`,
      message: `a session has at most ${maxDisks} disks, those of all recovery points together`,
    },
  ],
  [
    unchangeable("source"),
    unchangeable("recoveryPoint"),
    unchangeable("recoveryPoints"),
    unchangeable("unlock"),
    unchangeable("journal"),
    unchangeable("verifySource"),
    {
      cel: "!has(oldSelf.desiredState) || oldSelf.desiredState != 'Unmounted' || (has(self.desiredState) && self.desiredState == 'Unmounted')",
      message: "Unmounted is final; create another session",
    },
  ],
)

/** The spec with its defaults filled in. */
export type SessionSpec = z.output<typeof sessionSpec>
/** The spec as somebody may write it, defaults left out. */
export type SessionSpecInput = z.input<typeof sessionSpec>
