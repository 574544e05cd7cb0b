import type { SessionSpecInput } from "../../src/api/spec.ts"
import { sessionSpec } from "../../src/api/spec.ts"
import type { SessionStatus } from "../../src/api/status.ts"
import { namesOf } from "../../src/children/names.ts"
import type {
  Observed,
  ObservedClaim,
  ObservedConversion,
  ObservedPod,
  ObservedSnapshot,
  RestoreReport,
  TargetReport,
} from "../../src/session/observed.ts"
import { timestamp } from "../../src/session/time.ts"

/** Observations to start a test from: what a session of one claim looks like in each phase, all in order. */
export const now = Date.parse("2026-11-22T08:00:00Z")
export const minutes = (count: number) => count * 60_000
export const iso = (at: number) => timestamp(at)

export const session = {
  namespace: "shop",
  name: "orders",
  uid: "0f5c8a4e-7f1b-4a3a-9f0e-2f1f6d7c9b10",
  generation: 1,
  createdAt: now - 10_000,
  deleting: false,
  finalizer: true,
}
export const names = namesOf(session)

export const spec = (input: Partial<SessionSpecInput> = {}) =>
  sessionSpec.parse({ source: { persistentVolumeClaims: [{ name: "data" }] }, ...input })

export function snapshot(name: string, changes: Partial<ObservedSnapshot> = {}): ObservedSnapshot {
  const uid = `uid-of-${name}`
  return {
    name,
    uid,
    claimName: "data",
    ready: true,
    deleting: false,
    takenAt: "2026-11-22T03:00:00Z",
    restoreSize: "1Gi",
    contentName: `content-of-${name}`,
    content: { driver: "disk.csi", sourceVolumeMode: "Block", snapshot: { namespace: "shop", name, uid } },
    ...changes,
  }
}

/** The content of a snapshot of a claim with volumeMode Filesystem. */
export const filesystemContent = (name: string) => ({
  driver: "disk.csi",
  sourceVolumeMode: "Filesystem",
  snapshot: { namespace: "shop", name, uid: `uid-of-${name}` },
  snapshotHandle: `handle-of-${name}`,
  restoreSize: "2147483648",
})

export const sources = {
  snapshots: [snapshot("nightly")],
  storageClasses: [{ name: "fast", provisioner: "disk.csi", reclaimPolicy: "Delete" }],
  claims: [{ name: "data", storageClassName: "fast" }],
}

/** What is observed when nothing is left. */
export const nothingLeft = {
  attachment: undefined,
  claims: [],
  pods: [],
  network: [],
  persistentVolumes: [],
  live: true,
} satisfies Partial<Observed>

export function pending(changes: Partial<Observed> = {}): Observed {
  return {
    session: { ...session, finalizer: false },
    spec: spec(),
    status: {},
    limits: { maxTtlMs: minutes(720), pendingTimeoutMs: minutes(60) },
    policiesMissing: [],
    sources,
    ...nothingLeft,
    ...changes,
  }
}

export const startedStatus: SessionStatus = {
  phase: "Provisioning",
  startedAt: iso(now - minutes(1)),
  expiresAt: iso(now - minutes(1) + minutes(720)),
  attachment: { name: names.base, uid: "attachment-uid" },
  recoveryPoints: [
    { disk: "data", kind: "VolumeSnapshot", name: "nightly", uid: "uid-of-nightly", time: "2026-11-22T03:00:00Z" },
  ],
  clones: [{ claim: names.claim(0), storageClassName: "fast", size: "1Gi" }],
  targets: [
    {
      podName: names.pod("target", 0),
      service: names.service("target"),
      port: 3260,
      iqn: names.targetIqn,
      tlsServerName: names.serverName("target"),
    },
  ],
  access: {
    podName: names.pod("restore", 0),
    service: names.service("restore"),
    httpsPort: 8443,
    tlsServerName: names.serverName("restore"),
    secretName: names.secret("access"),
  },
}

export function claim(changes: Partial<ObservedClaim> = {}): ObservedClaim {
  return { name: names.claim(0), uid: "claim-uid", phase: "Bound", volumeName: "pvc-1", deleting: false, ...changes }
}

export function pod(role: "target" | "restore", changes: Partial<ObservedPod> = {}): ObservedPod {
  const containers = role === "target" ? ["target"] : ["files", "guest"]
  return {
    name: names.pod(role, 0),
    uid: `${role}-uid`,
    role,
    ip: role === "target" ? "10.0.0.1" : "10.0.0.2",
    node: "n1",
    deleting: false,
    phase: "Running",
    containers: containers.map((name) => ({ name, state: "running" })),
    ...changes,
  }
}

export function ended(
  role: "target" | "restore",
  reason: string,
  message: string,
  finishedAt = now - 1000,
): ObservedPod {
  const containers = [
    { name: role === "target" ? "target" : "files", state: "terminated" as const, reason, message, finishedAt },
  ]
  return pod(role, { phase: "Failed", containers })
}

export const network: Observed["network"] = [
  { kind: "Service", name: names.service("target"), uid: "s1", deleting: false },
  { kind: "Service", name: names.service("restore"), uid: "s2", deleting: false },
  { kind: "NetworkPolicy", name: names.policy("target"), uid: "n1", deleting: false },
  { kind: "NetworkPolicy", name: names.policy("restore"), uid: "n2", deleting: false },
]

export function targetReport(changes: Partial<TargetReport> = {}): TargetReport {
  return {
    state: "Serving",
    deadline: startedStatus.expiresAt ?? "",
    disks: [{ name: "data", serial: names.serial(0), sizeBytes: 2 ** 30 }],
    initiators: 1,
    bytesServed: 4096,
    writeAttempts: 0,
    ...changes,
  }
}

export function restoreReport(changes: Partial<RestoreReport> = {}): RestoreReport {
  return {
    state: "Ready",
    deadline: startedStatus.expiresAt ?? "",
    volumes: [{ path: "data", state: "Mounted", filesystem: "ext4" }],
    usage: { clients: 0, filesRead: 2 },
    ...changes,
  }
}

export const serving = (changes: Partial<TargetReport> = {}) => ({
  target: { podName: names.pod("target", 0), report: targetReport(changes) },
})
export const mounted = (changes: Partial<RestoreReport> = {}) => ({
  restore: { podName: names.pod("restore", 0), report: restoreReport(changes) },
})

/** Everything was made, and nothing has come up yet. */
export function provisioning(changes: Partial<Observed> = {}): Observed {
  return pending({
    session,
    status: startedStatus,
    attachment: { name: names.base, uid: "attachment-uid", deleting: false, createdAt: now - minutes(1) },
    claims: [{ name: names.claim(0), uid: "claim-uid", phase: "Pending", deleting: false }],
    pods: [pod("target", { phase: "Pending", containers: [] }), pod("restore")],
    network,
    live: false,
    ...changes,
  })
}

/** Files can be read. */
export function ready(changes: Partial<Observed> = {}): Observed {
  const status: SessionStatus = {
    ...startedStatus,
    phase: "Ready",
    readyAt: iso(now - 30_000),
    clones: [{ claim: names.claim(0), storageClassName: "fast", size: "1Gi", persistentVolume: "pvc-1" }],
  }
  return provisioning({
    status,
    claims: [claim()],
    pods: [pod("target"), pod("restore")],
    ...serving(),
    ...mounted(),
    ...changes,
  })
}

/** Told to unmount some seconds ago. */
export function unmounting(changes: Partial<Observed> = {}, secondsAgo = 5): Observed {
  const before = ready()
  return {
    ...before,
    spec: spec({ desiredState: "Unmounted" }),
    status: {
      ...before.status,
      phase: "Unmounting",
      release: { reason: "UnmountRequested", message: "spec.desiredState is Unmounted." },
      conditions: [
        {
          type: "Accepted",
          status: "True",
          reason: "Accepted",
          message: "",
          lastTransitionTime: iso(now - minutes(2)),
        },
        {
          type: "Released",
          status: "False",
          reason: "Releasing",
          message: "",
          lastTransitionTime: iso(now - secondsAgo * 1000),
        },
      ],
    },
    ...changes,
  }
}

type Temporary<K extends "snapshot" | "content"> = NonNullable<ObservedConversion[K]>

export function temporarySnapshot(changes: Partial<Temporary<"snapshot">> = {}): Temporary<"snapshot"> {
  return { name: names.snapshot(0), uid: "temporary", ours: true, ready: true, deleting: false, ...changes }
}

export function temporaryContent(changes: Partial<Temporary<"content">> = {}): Temporary<"content"> {
  const base = { name: names.snapshot(0), uid: "content-uid", resourceVersion: "7", ours: true, deleting: false }
  return { ...base, retained: true, snapshotUid: "temporary", ...changes }
}

/** The clone of a Filesystem snapshot; without UID before its content was seen. */
export const convertedClone = (uid?: string) => ({
  claim: names.claim(0),
  storageClassName: "fast",
  size: "2147483648",
  snapshot: names.snapshot(0),
  content: { name: names.snapshot(0), ...(uid !== undefined && { uid }) },
})

/** Everything was made for a Filesystem claim but what follows from what exists of these. */
export function converting(found: Omit<ObservedConversion, "claim"> = {}, changes: Partial<Observed> = {}): Observed {
  const { targets: _, ...early } = startedStatus
  return provisioning({
    status: { ...early, clones: [convertedClone()] },
    sources: { ...sources, snapshots: [snapshot("nightly", { content: filesystemContent("nightly") })] },
    claims: [],
    pods: [pod("restore")],
    conversions: [{ claim: names.claim(0), ...found }],
    ...changes,
  })
}
