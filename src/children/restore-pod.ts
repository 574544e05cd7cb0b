import { UNLOCK_LABEL } from "../api/labels.ts"
import { localSocketDir, localSocketPath } from "../files/local-socket-path.ts"
import { formatQuantity, parseQuantity } from "../session/quantity.ts"
import type { Blueprint, Installation, Resources } from "./blueprint.ts"
import type { Manifest } from "./manifest.ts"
import { namesOf } from "./names.ts"
import { flags, podManifest, SECRETS_DIR, secretMount, secretVolume } from "./pod.ts"
import { CONTROL_PORT, HTTPS_PORT, ISCSI_PORT, SFTP_PORT } from "./ports.ts"

const GUEST_DIR = "/run/guest"
const OVERLAY_DIR = "/overlay"

/**
 * The pod that mounts what is on the disks and offers the files. `files` logs in to the target and holds the Secret;
 * `guest` runs the micro-VM and holds none: they share a directory of sockets and nothing else. Each of several recovery
 * points has a container, and a directory, of its own. `files` has one more directory, for what `kubectl exec` starts in it.
 */
export function restorePodManifest(blueprint: Blueprint, name: string, targetHost: string): Manifest {
  const { session, disks, points = [], deadline, installation, unlock = [], journal } = blueprint
  const names = namesOf(session)
  const { guest, kvmResource } = installation
  const unlockMiB = unlock.length === 0 ? 0 : guest.unlockMiB
  const local = { name: "local", mountPath: localSocketDir }
  const guests = points.length === 0 ? [onlyGuest] : points.map((_, index) => guestOfPoint(index + 1))
  return podManifest(blueprint, {
    name,
    role: "restore",
    ...(unlock.length > 0 && { labels: { [UNLOCK_LABEL]: "true" } }),
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
          ...points.flatMap((time) => ["--point", time]),
          ...flags({ secrets: SECRETS_DIR, "guest-dir": GUEST_DIR, "local-socket": localSocketPath }),
          ...flags({ "sftp-port": String(SFTP_PORT), ...(journal && { journal }) }),
          ...unlock.flatMap(({ name, key }) => ["--unlock", `${name}/${key}`]),
        ],
        ports: [
          { name: "https", containerPort: HTTPS_PORT },
          { name: "sftp", containerPort: SFTP_PORT },
          { name: "control", containerPort: CONTROL_PORT },
        ],
        mounts: [
          secretMount,
          ...guests.map(({ sockets }) => sockets),
          local,
          ...unlock.map((_, index) => unlockMount(index)),
        ],
        resources: installation.resources.files,
      },
      ...guests.map(({ name, sockets, overlay }) => ({
        name,
        args: [
          "/app/restore.mjs",
          "guest",
          ...flags({
            "guest-dir": sockets.mountPath,
            "overlay-dir": OVERLAY_DIR,
            memory: String(guest.memoryMiB + unlockMiB),
            cpus: String(guest.cpus),
          }),
          ...(kvmResource === undefined ? [] : ["--kvm"]),
        ],
        ports: [],
        mounts: [sockets, { name: overlay, mountPath: OVERLAY_DIR }],
        resources: guestResources(installation, unlockMiB),
      })),
    ],
    volumes: [
      secretVolume(names.secret("restore")),
      ...unlock.map(unlockVolume),
      { name: "local", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
      ...guests.flatMap(({ sockets, overlay }) => [
        { name: sockets.name, emptyDir: { medium: "Memory", sizeLimit: "16Mi" } },
        { name: overlay, emptyDir: { medium: "Memory", sizeLimit: `${guest.overlayMiB}Mi` } },
      ]),
    ],
  })
}

/** A micro-VM's container, its sockets, which have the same path in `files`, as QEMU is told of it there, and its overlay. */
const onlyGuest = { name: "guest", sockets: { name: "guest", mountPath: GUEST_DIR }, overlay: "overlay" }
const guestOfPoint = (point: number): typeof onlyGuest => ({
  name: `guest-${point}`,
  sockets: { name: `guest-${point}`, mountPath: `${GUEST_DIR}/${point}` },
  overlay: `overlay-${point}`,
})

type UnlockSecret = NonNullable<Blueprint["unlock"]>[number]

/** One key of a Secret under a name of ours. Optional: without it the session is what it can be. */
function unlockVolume({ name, key }: UnlockSecret, index: number): object {
  const items = [{ key, path: "key" }]
  return { name: `unlock${index}`, secret: { secretName: name, items, optional: true, defaultMode: 0o440 } }
}

function unlockMount(index: number): object {
  return { name: `unlock${index}`, mountPath: `/etc/frsess-unlock/${index}`, readOnly: true }
}

/** KVM comes as an extended resource of the node; nothing has to be privileged for it. */
function guestResources({ resources, kvmResource }: Installation, moreMiB: number): Resources {
  const kvm = kvmResource === undefined ? {} : { [kvmResource]: "1" }
  const { requests, limits } = resources.guest
  if (moreMiB === 0 && kvmResource === undefined) return resources.guest
  return { requests: { ...withMemory(requests, moreMiB), ...kvm }, limits: { ...withMemory(limits, moreMiB), ...kvm } }
}

/** Where nothing is said of memory nothing is added. */
function withMemory(amounts: Record<string, string> | undefined, moreMiB: number): Record<string, string> | undefined {
  const memory = parseQuantity(amounts?.["memory"] ?? "")
  if (memory === undefined) return amounts
  return { ...amounts, memory: formatQuantity(memory + (BigInt(moreMiB) << 20n) * 1_000_000_000n, "bytes") }
}
