/**
 * The one table of everything that can go wrong or be said of a session. The key is the code: it is the `reason` of
 * conditions and Events, the `code` of errors, and what the CLI prints. `heals` says whether waiting can help: a session
 * whose reason heals stays Pending or goes on, any other ends Failed.
 */
export const reasons = {
  // what a requester can get wrong
  SpecInvalid: { heals: false, cure: "Correct the field named in the message and create the session again." },
  SnapshotNotFound: { heals: true, cure: "Create the VolumeSnapshot, or correct its name." },
  SnapshotNotReady: { heals: true, cure: "Wait until the VolumeSnapshot is readyToUse, or look at its status.error." },
  SnapshotNotBound: {
    heals: false,
    cure: "The VolumeSnapshot and its content don't name each other; recreate it from its content.",
  },
  NoRecoveryPoint: { heals: true, cure: "Take a VolumeSnapshot of the claim, or name another claim." },
  NoRecoveryPointInTime: {
    heals: false,
    cure: "Choose a later notAfter; the message names the oldest recovery point.",
  },
  NoCommonRecoveryPoint: {
    heals: false,
    cure: "Snapshot the claims together, or recover them in sessions of their own.",
  },
  RecoveryPointsEqual: { heals: false, cure: "Choose times further apart, or name the VolumeSnapshots." },
  StorageClassAmbiguous: { heals: false, cure: "Name one with source...storageClassName." },
  StorageClassNotFound: { heals: false, cure: "Create the StorageClass, or name another with storageClassName." },
  StorageClassUnfit: { heals: false, cure: "Name a StorageClass of the snapshot's driver with storageClassName." },
  ReclaimPolicyRetain: {
    heals: false,
    cure: "Name a StorageClass with reclaimPolicy Delete, or its clones would stay.",
  },
  Restored: { heals: false, cure: "Create a new session, without the label velero.io/restore-name." },
  // what the cluster can refuse
  PolicyMissing: { heals: true, cure: "Install the chart with its admission policies and bindings." },
  Forbidden: { heals: true, cure: "Give the named account the named right." },
  ApiUnavailable: { heals: true, cure: "" },
  QuotaExceeded: { heals: true, cure: "Free quota in the namespace or raise it." },
  PodRefused: { heals: true, cure: "Read the API server's words in the message." },
  ClaimRefused: { heals: true, cure: "Read the API server's words in the message." },
  DriverMissing: { heals: true, cure: "Install the driver, or choose a recovery point of another." },
  KvmUnavailable: {
    heals: true,
    cure: "Make a node offer it, or leave the chart's kvm.resource empty: the guest is then emulated.",
  },
  NetworkOpened: {
    heals: true,
    cure: "Narrow its podSelector to leave out pods with the label filerecovery.dev/session-uid.",
  },
  GuestEmulated: {
    heals: true,
    cure: "Reading is several times faster where nodes offer KVM and the chart's kvm.resource names it.",
  },
  PodUnschedulable: { heals: true, cure: "Read the scheduler's words in the message." },
  ImagePullFailed: { heals: true, cure: "Make the image in the message available to the node." },
  CloneFailed: { heals: true, cure: "Read the driver's words in the message." },
  DeviceNotReadable: {
    heals: false,
    cure: "Set device_ownership_from_security_context on the node's runtime, or the chart's diskGroup to the group of block devices.",
  },
  // what happens on the way
  Queued: {
    heals: true,
    cure: "It starts by itself when its turn comes; unmount sessions nobody needs, or have the limit raised.",
  },
  Accepted: { heals: true, cure: "" },
  Cloning: { heals: true, cure: "" },
  Starting: { heals: true, cure: "" },
  Hashing: { heals: true, cure: "" },
  Mounting: { heals: true, cure: "" },
  Mounted: { heals: true, cure: "" },
  Serving: { heals: true, cure: "" },
  Bound: { heals: true, cure: "" },
  PendingTimeout: { heals: false, cure: "Remove what the earlier condition names and create the session again." },
  CloneLost: { heals: false, cure: "Create the session again, and leave what is called frsess-* to the operator." },
  AttachmentLost: {
    heals: false,
    cure: "Create the session again, and leave FileRecoveryAttachments to the operator.",
  },
  NodeUnreachable: {
    heals: true,
    cure: "Bring the node back, or, when it is switched off for good, delete its Node object: its pods go with it.",
  },
  TargetLost: { heals: true, cure: "" },
  RestoreLost: { heals: false, cure: "Read the last lines of the pod's log in the message." },
  GuestFailed: { heals: true, cure: "Read the guest's last words in the message." },
  ExpiringSoon: { heals: true, cure: "Raise spec.ttl to keep it longer, at most 12 hours from its start." },
  LastMinutes: { heals: true, cure: "Raise spec.ttl to keep it longer, at most 12 hours from its start." },
  // what becomes of a copy into a claim
  DestinationNotFound: { heals: true, cure: "Create the claim, or correct its name." },
  DestinationUnfit: { heals: false, cure: "Name a claim of this namespace with volumeMode Filesystem." },
  DestinationReadOnly: {
    heals: false,
    cure: "Let destination.securityContext name the user that may write there, or another directory.",
  },
  DestinationFull: { heals: false, cure: "Make room in the claim or have it expanded, and create the copy again." },
  DestinationExists: { heals: false, cure: "Choose conflict Skip, Overwrite or Rename, or another directory." },
  Copying: { heals: true, cure: "" },
  Copied: { heals: false, cure: "" },
  Closing: { heals: true, cure: "" },
  CopyLost: { heals: false, cure: "Read the pod's last words in the message, and create the copy again." },
  SessionEnded: { heals: false, cure: "Create the copy again, of a session that lasts longer." },
  // what was left of sessions that are gone
  OrphanRemoved: {
    heals: false,
    cure: "Delete sessions, and leave their finalizer on: the operator takes it off when everything is released.",
  },
  // why a session ends
  UnmountRequested: { heals: false, cure: "" },
  SessionDeleted: { heals: false, cure: "" },
  TtlEnded: { heals: false, cure: "" },
  Idle: { heals: false, cure: "" },
  Releasing: { heals: true, cure: "" },
  Released: { heals: false, cure: "" },
  // what spec.verifySource found
  SourceVerified: { heals: true, cure: "" },
  SourceChanged: {
    heals: false,
    cure: "Don't rely on what was read from it: recover again, and find out what else can write to that volume.",
  },
  SourceNotVerified: { heals: false, cure: "" },
  // what a single volume can say
  VolumeLocked: {
    heals: false,
    cure: "Name the Secret with its key under spec.unlock; for images of this machine: open --key-file FILE.",
  },
  VolumeUnsupported: { heals: false, cure: "" },
  VolumeCorrupt: { heals: false, cure: "Choose an older recovery point." },
  VolumeIncomplete: { heals: false, cure: "Recover all disks of the volume in one session." },
  OverlayFull: { heals: false, cure: "Have the chart's guest.overlayMiB raised and create the session again." },
  // the data path and its clients
  DiskUnreadable: { heals: false, cure: "Check that the path exists and may be read." },
  ImageTruncated: { heals: false, cure: "The file is shorter than its own table says; fetch it again." },
  LoginRefused: { heals: false, cure: "Both ends must use the session's own certificates and CHAP secrets." },
  ConnectionLost: { heals: true, cure: "" },
  ProtocolError: { heals: false, cure: "" },
  PathNotFound: { heals: false, cure: "List the directory above it." },
  NotADirectory: { heals: false, cure: "" },
  IsADirectory: { heals: false, cure: "Copy it with cp -r, or take it as tar." },
  AccessDenied: { heals: false, cure: "" },
  UnsafePath: { heals: false, cure: "" },
  RangeNotSatisfiable: { heals: false, cure: "Ask for bytes within the file's size." },
  Busy: { heals: true, cure: "Try again when another download has ended." },
  SessionNotFound: { heals: false, cure: "List the sessions: kubectl recover get." },
  ContentDiffers: { heals: false, cure: "" },
  CommandFailed: { heals: false, cure: "" },
  CopyIncomplete: { heals: false, cure: "The lines before name each file and why." },
  Interrupted: { heals: false, cure: "" },
  NotReady: { heals: true, cure: "Wait: kubectl wait --for=condition=Ready." },
  UsageError: { heals: false, cure: "See --help." },
  Internal: { heals: true, cure: "Report it with the log." },
} as const satisfies Record<string, { heals: boolean; cure: string }>

export type Reason = keyof typeof reasons

/** Whether a text that came from elsewhere is a code of the table. */
export function isReason(text: unknown): text is Reason {
  return typeof text === "string" && Object.hasOwn(reasons, text)
}

/** The one error of this project: a code of the table above and a sentence that names the object and the cure. */
export class RecoveryError extends Error {
  override readonly name = "RecoveryError"
  readonly code: Reason

  constructor(code: Reason, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** The error's code, or `Internal` for what nobody foresaw. */
export function reasonOf(error: unknown): Reason {
  return error instanceof RecoveryError ? error.code : "Internal"
}
