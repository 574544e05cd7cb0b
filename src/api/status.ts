import { z } from "zod"
import { condition } from "./conditions.ts"

const text = (what: string) => z.string().describe(what)
const time = (what: string) => z.string().meta({ format: "date-time", description: what })
const count = (what: string) => z.int().meta({ format: "int64", description: what })
const list = <S extends z.ZodType>(item: S, what: string) =>
  z.array(item).describe(what).meta({ "x-kubernetes-list-type": "atomic" })

export const phases = ["Pending", "Provisioning", "Ready", "Unmounting", "Unmounted", "Expired", "Failed"] as const
export type Phase = (typeof phases)[number]

const recoveryPoint = z
  .object({
    disk: text("Disk of the session: name of the claim or snapshot in spec.source."),
    kind: text("Kind of the recovery point: VolumeSnapshot."),
    name: text("Its name in this namespace."),
    uid: text("Its UID: a snapshot recreated under the same name is another."),
    time: time("When it was taken."),
    point: count("Which of spec.recoveryPoints it is of, from 1; absent where there is one.").optional(),
  })
  .describe("The recovery point of one disk.")

const clone = z
  .object({
    claim: text("The clone's PersistentVolumeClaim."),
    storageClassName: text("Its StorageClass."),
    size: text("The size asked for: the snapshot's restoreSize."),
    persistentVolume: text("The clone's PersistentVolume, once bound; the session ends when it is gone.").optional(),
    snapshot: text(
      "The temporary VolumeSnapshot it is made from, where the claim that was snapshotted has volumeMode Filesystem.",
    ).optional(),
    lostNode: text(
      "The node that was lost with this clone attached; empty where its name is not known. Another clone took its place; this one goes when the session ends.",
    ).optional(),
    content: z
      .object({ name: text("Its name."), uid: text("Its UID, once it is there.").optional() })
      .optional()
      .describe("The temporary VolumeSnapshotContent behind that snapshot. The session ends when both are gone."),
  })
  .describe("The clone of one disk.")

const target = z
  .object({
    podName: text("The pod that serves the disks."),
    service: text("Service in front of it."),
    port: count("TCP port of the portal."),
    iqn: text("iSCSI name of the target."),
    tlsServerName: text("Name in the target's certificate."),
  })
  .describe("An iSCSI target of the session.")

const access = z
  .object({
    podName: text("The pod that serves the files; port-forward to it."),
    service: text("Service in front of it."),
    httpsPort: count("TCP port of the file service."),
    tlsServerName: text("Name in the file service's certificate, to be checked by the client."),
    secretName: text("Secret with ca.crt, username and password."),
    sftpPort: count("TCP port of SFTP; absent where the pod serves none, as those of earlier releases.").optional(),
    sftpHostKey: text("The SSH host key that its clients must find, as known_hosts has it behind the name.").optional(),
  })
  .describe("Where and how the files are read.")

const disk = z
  .object({
    name: text("Disk of the session."),
    sizeBytes: count("Capacity in bytes."),
    serial: text("Serial number, as the guest sees it."),
    source: text("What was cloned: kind/name."),
    point: count("Which of spec.recoveryPoints it is of, from 1; absent where there is one.").optional(),
    sha256Before: text(
      "With spec.verifySource: sha256 of the whole clone, in hexadecimal, from before its first byte was served.",
    ).optional(),
    sha256After: text("The same from after the last initiator had logged out.").optional(),
  })
  .describe("A disk that is served.")

/**
 * Mounted: its files can be read. Available: mounted when it is first opened. Locked: needs a key. Unsupported: nothing to
 * mount, or not by this appliance. Corrupt: the kernel refused it. Incomplete: a disk of it is missing.
 */
export const volumeStates = ["Mounted", "Available", "Locked", "Unsupported", "Corrupt", "Incomplete"] as const
export type VolumeState = (typeof volumeStates)[number]

const volume = z
  .object({
    path: text("First part of the paths below it, e.g. vg0-data."),
    point: count("Which of spec.recoveryPoints it is of, from 1; absent where there is one.").optional(),
    filesystem: text("ext4, xfs, ...").optional(),
    label: text("Label of the file system.").optional(),
    uuid: text("UUID of the file system.").optional(),
    sizeBytes: count("Size in bytes.").optional(),
    usedBytes: count("Used bytes.").optional(),
    system: z
      .object({
        os: text("Its name, e.g. Debian GNU/Linux.").optional(),
        version: text("Its version.").optional(),
        hostName: text("The machine's name.").optional(),
      })
      .optional()
      .describe("The operating system that is installed on it, by what the volume says."),
    mountPoint: text(
      "Where a system of these disks mounted it, e.g. /var/lib/orders or D:; for information.",
    ).optional(),
    stack: list(z.string(), "What it lies on, from the disk up.").optional(),
    state: z.enum(volumeStates).describe("Mounted; Available: mounted when it is first opened; or why neither."),
    journal: z
      .enum(["Skipped"])
      .optional()
      .describe("Skipped: it was mounted without a look at its journal, as spec.journal asks for."),
    reason: text("A code, when it is not mounted.").optional(),
    message: text("The cause in words, when it is not mounted; else what is to be known of it.").optional(),
  })
  .describe("A volume found on the disks.")

const usage = z
  .object({
    initiators: count("Initiators logged in to the target.").optional(),
    clients: count("Clients of the file service at work.").optional(),
    bytesServed: count("Bytes the target has served, and those before it.").optional(),
    writeAttempts: count("Write commands they refused.").optional(),
    filesRead: count("Files read by clients.").optional(),
    lastActivityAt: time("When a client last read something.").optional(),
    observedAt: time("When these numbers were taken.").optional(),
    former: z
      .object({
        bytesServed: count("Bytes.").optional(),
        writeAttempts: count("Write commands.").optional(),
        filesRead: count("Files.").optional(),
      })
      .optional()
      .describe("What of these was counted by pods that others have followed."),
  })
  .describe("Use so far, refreshed about every 15 seconds.")

const hashing = z
  .object({
    bytesDone: count("Bytes hashed."),
    bytesTotal: count("Bytes of all disks."),
    observedAt: time("When it was last seen to go on."),
  })
  .describe("How far the disks are hashed, with spec.verifySource; refreshed every 10 seconds or every tenth.")

const release = z
  .object({
    reason: text("Why the session ends: UnmountRequested, TtlEnded, Idle, SessionDeleted, or the code of a failure."),
    message: text("The same for people.").optional(),
    initiatorsAtRelease: count(
      "Initiators still logged in when the target was let go: 0, or the release waits.",
    ).optional(),
    bytesServed: count("Bytes the target served in all.").optional(),
    filesRead: count("Files read in all.").optional(),
    writeAttempts: count("Write commands the target refused.").optional(),
    sourceVerified: z
      .boolean()
      .optional()
      .describe(
        "With spec.verifySource: true when every disk still had the sha256 it had before it was served, false when one had another, or none can be told; the condition SourceVerified says which. Absent: not asked, or no byte was ever served.",
      ),
  })
  .describe("How the session ended.")

/** What the operator tells of a session. Kept below 64 KiB by whoever writes it (session/fit.ts); nobody else writes it. */
export const sessionStatus = z
  .object({
    phase: z
      .enum(phases)
      .optional()
      .describe("Where the session is. Unmounted, Expired and Failed mean: nothing is left."),
    conditions: z
      .array(condition)
      .optional()
      .describe(
        "Accepted, VolumesReady, TargetServing, Mounted, Ready, Released, Stalled, Complete; ExpiringSoon in the last 15 minutes; SourceVerified at the end, with spec.verifySource.",
      )
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] }),
    pendingSince: time(
      "When it no longer waited for a place but for something else; the operator's pendingTimeout counts from here, or from the creation.",
    ).optional(),
    startedAt: time("When it left Pending; ttl and the 12 hours count from here.").optional(),
    readyAt: time("When files could first be read.").optional(),
    expiresAt: time("When it ends by itself.").optional(),
    finishedAt: time("When nothing was left.").optional(),
    attachment: z
      .object({ name: text("Its name."), uid: text("Its UID.") })
      .optional()
      .describe("The internal object that owns everything made for the session."),
    recoveryPoints: list(
      recoveryPoint,
      "What was chosen, one per disk; of several recovery points, one after the other.",
    ).optional(),
    clones: list(clone, "The clones: one per disk, then those that lost nodes still hold.").optional(),
    targets: list(target, "Where the disks are served.").optional(),
    access: access.optional(),
    disks: list(disk, "The disks as served.").optional(),
    hashing: hashing.optional(),
    volumes: list(volume, "The first 128 volumes found on the disks.").optional(),
    volumeCount: count("How many volumes were found.").optional(),
    usage: usage.optional(),
    release: release.optional(),
  })
  .describe("What became of it. Written by the operator only.")

export type SessionStatus = z.output<typeof sessionStatus>
export type RecoveryPoint = z.output<typeof recoveryPoint>
export type TargetStatus = z.output<typeof target>
export type CloneStatus = z.output<typeof clone>
export type VolumeStatus = z.output<typeof volume>
export type DiskStatus = z.output<typeof disk>
export type HashingStatus = z.output<typeof hashing>
export type UsageStatus = z.output<typeof usage>
export type ReleaseStatus = z.output<typeof release>
