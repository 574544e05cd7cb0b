import type { Blueprint, Installation, Resources } from "./blueprint.ts"
import type { Manifest } from "./manifest.ts"
import { namesOf } from "./names.ts"
import { flags, podManifest, SECRETS_DIR, secretMount, secretVolume } from "./pod.ts"
import { CONTROL_PORT, HTTPS_PORT, ISCSI_PORT } from "./ports.ts"

const GUEST_DIR = "/run/guest"
const OVERLAY_DIR = "/overlay"

/**
 * The pod that mounts what is on the disks and offers the files. `files` logs in to the target and holds the Secret;
 * `guest` runs the micro-VM and holds none: they share a directory of sockets and nothing else.
 */
export function restorePodManifest(blueprint: Blueprint, name: string, targetHost: string): Manifest {
  const { session, disks, deadline, installation } = blueprint
  const names = namesOf(session)
  const { guest, kvmResource } = installation
  const sockets = { name: "guest", mountPath: GUEST_DIR }
  return podManifest(blueprint, {
    name,
    role: "restore",
    containers: [
      {
        name: "files",
        args: [
          "/app/restore.mjs",
          "files",
          ...flags({
            "session-uid": session.uid,
            "session-name": `${session.namespace}/${session.name}`,
            deadline,
            portal: `${targetHost.includes(":") ? `[${targetHost}]` : targetHost}:${ISCSI_PORT}`,
            "target-iqn": names.targetIqn,
          }),
          ...disks.flatMap((disk) => ["--disk", `${disk.name}=${disk.serial}`]),
          ...flags({ secrets: SECRETS_DIR, "guest-dir": GUEST_DIR }),
        ],
        ports: [
          { name: "https", containerPort: HTTPS_PORT },
          { name: "control", containerPort: CONTROL_PORT },
        ],
        mounts: [secretMount, sockets],
        resources: installation.resources.files,
      },
      {
        name: "guest",
        args: [
          "/app/restore.mjs",
          "guest",
          ...flags({
            "guest-dir": GUEST_DIR,
            "overlay-dir": OVERLAY_DIR,
            memory: String(guest.memoryMiB),
            cpus: String(guest.cpus),
          }),
          ...(kvmResource === undefined ? [] : ["--kvm"]),
        ],
        ports: [],
        mounts: [sockets, { name: "overlay", mountPath: OVERLAY_DIR }],
        resources: guestResources(installation),
      },
    ],
    volumes: [
      secretVolume(names.secret("restore")),
      { name: "guest", emptyDir: { medium: "Memory", sizeLimit: "16Mi" } },
      { name: "overlay", emptyDir: { medium: "Memory", sizeLimit: `${guest.overlayMiB}Mi` } },
    ],
  })
}

/** KVM comes as an extended resource of the node; nothing has to be privileged for it. */
function guestResources({ resources, kvmResource }: Installation): Resources {
  if (kvmResource === undefined) return resources.guest
  return {
    requests: { ...resources.guest.requests, [kvmResource]: "1" },
    limits: { ...resources.guest.limits, [kvmResource]: "1" },
  }
}
