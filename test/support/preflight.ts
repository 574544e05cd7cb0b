import type {
  ObservedPreflight,
  ObservedQuota,
  PlannedClone,
  PlannedPod,
} from "../../src/session/preflight/observed.ts"
import { names } from "./observed.ts"

/** What a session of one claim meets where nothing stands in its way. */
export function preflight(changes: Partial<ObservedPreflight> = {}): ObservedPreflight {
  return {
    clones: [clone()],
    pods: [pod("target"), pod("restore")],
    refusals: [],
    quotas: [],
    networkPolicies: [],
    missingDrivers: [],
    kvm: { resource: "devices.kubevirt.io/kvm", isOffered: true },
    unread: [],
    ...changes,
  }
}

export function clone(changes: Partial<PlannedClone> = {}): PlannedClone {
  return {
    disk: "data",
    claim: names.claim(0),
    snapshot: "nightly",
    isConverted: false,
    storageClassName: "fast",
    driver: "disk.csi",
    size: "10Gi",
    ...changes,
  }
}

const container = (ports: PlannedPod["containers"][number]["ports"], memory: string) => ({
  requests: { cpu: "50m", memory },
  limits: { memory },
  ports,
})
const control = { name: "control", port: 9443 }

/** Target: 50m and 128Mi; restore: 100m and 1344Mi. */
export function pod(role: "target" | "restore", changes: Partial<PlannedPod> = {}): PlannedPod {
  return {
    role,
    labels: { "filerecovery.dev/role": role, "app.kubernetes.io/name": "file-recovery" },
    hasDeadline: true,
    containers:
      role === "target"
        ? [container([{ name: "iscsi", port: 3260 }, control], "128Mi")]
        : [container([{ name: "https", port: 8443 }, control], "128Mi"), container([], "1216Mi")],
    overhead: {},
    ...changes,
  }
}

export const quota = (hard: Record<string, string>, changes: Partial<ObservedQuota> = {}): ObservedQuota => ({
  name: "compute",
  hard,
  used: {},
  scopes: [],
  ...changes,
})
