import type { Blueprint, Resources } from "./blueprint.ts"
import type { Manifest } from "./manifest.ts"
import { metadata } from "./metadata.ts"
import type { PodRole } from "./names.ts"

/** User and group of all our processes in pods. */
const USER = 65_532
const OURSELVES = { runAsUser: USER, runAsGroup: USER, fsGroup: USER }

/** What all pods have in common: all that Pod Security `restricted` asks for, and no way back to the API. */
export function podManifest(
  blueprint: Blueprint,
  { name, role, labels = {}, user = OURSELVES, supplementalGroups, containers, volumes }: PodOptions,
): Manifest {
  const { installation, activeDeadlineSeconds } = blueprint
  const { imagePullSecrets, nodeSelector, tolerations, priorityClassName } = installation
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: metadata(blueprint, name, role, { controller: true, more: labels }),
    spec: {
      restartPolicy: "Never",
      activeDeadlineSeconds,
      terminationGracePeriodSeconds: 60,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        ...user,
        seccompProfile: { type: "RuntimeDefault" },
        ...(supplementalGroups && { supplementalGroups }),
      },
      ...(imagePullSecrets.length > 0 && { imagePullSecrets: imagePullSecrets.map((secret) => ({ name: secret })) }),
      ...(Object.keys(nodeSelector).length > 0 && { nodeSelector }),
      ...(tolerations.length > 0 && { tolerations }),
      ...(priorityClassName !== undefined && { priorityClassName }),
      containers: containers.map((one) => container(blueprint, one)),
      volumes,
    },
  }
}

export interface PodOptions {
  name: string
  role: PodRole | "copy"
  labels?: Record<string, string>
  /** Absent: our own user and group. Root, which has to be said twice, only for a copy that keeps owners. */
  user?: { runAsUser: number; runAsGroup: number; fsGroup?: number; fsGroupChangePolicy?: string; runAsNonRoot?: false }
  supplementalGroups?: number[]
  containers: ContainerOptions[]
  volumes: object[]
}

export interface ContainerOptions {
  name: string
  /** Arguments of node. */
  args: string[]
  ports: { name: string; containerPort: number }[]
  mounts: object[]
  devices?: object[]
  resources: Resources
  /** Beyond none. */
  capabilities?: readonly string[]
}

function container(
  { installation }: Blueprint,
  { name, args, ports, mounts, devices, resources, capabilities }: ContainerOptions,
): object {
  return {
    name,
    image: installation.engineImage,
    imagePullPolicy: installation.imagePullPolicy,
    // PID 1 ignores a signal it has no handler for: a node that still loads would sleep through its only SIGTERM
    command: ["tini", "--", "node", ...args.slice(0, 1)],
    args: args.slice(1),
    ...(ports.length > 0 && { ports: ports.map((port) => ({ ...port, protocol: "TCP" })) }),
    resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"], ...(capabilities && { add: capabilities }) },
    },
    // When a process leaves no last words, the end of its log is what people get to see.
    terminationMessagePolicy: "FallbackToLogsOnError",
    ...(mounts.length > 0 && { volumeMounts: mounts }),
    ...(devices && { volumeDevices: devices }),
  }
}

/** Command-line flags, in this order. */
export function flags(values: Record<string, string>): string[] {
  return Object.entries(values).flatMap(([flag, value]) => [`--${flag}`, value])
}

/** The volume with a role's Secret, readable for our group only. */
export function secretVolume(secretName: string): object {
  return { name: "secrets", secret: { secretName, defaultMode: 0o440 } }
}

export const SECRETS_DIR = "/etc/frsess"
export const secretMount = { name: "secrets", mountPath: SECRETS_DIR, readOnly: true }
