import type { Blueprint } from "./blueprint.ts"
import type { Manifest } from "./manifest.ts"
import { namesOf } from "./names.ts"
import { flags, podManifest, SECRETS_DIR, secretMount, secretVolume } from "./pod.ts"
import { CONTROL_PORT, ISCSI_PORT } from "./ports.ts"

const devicePath = (disk: number) => `/dev/disk${disk}`

/** The pod that serves the clones over iSCSI. The only one that sees their devices, and those read-only. */
export function targetPodManifest(blueprint: Blueprint, name: string): Manifest {
  const { session, disks, hashDisks, deadline, installation } = blueprint
  const names = namesOf(session)
  return podManifest(blueprint, {
    name,
    role: "target",
    // Without this a node whose runtime leaves devices to root:disk would not let us read them.
    supplementalGroups: [installation.diskGroup],
    containers: [
      {
        name: "target",
        args: [
          "/app/target.mjs",
          ...flags({
            "session-uid": session.uid,
            "session-name": `${session.namespace}/${session.name}`,
            iqn: names.targetIqn,
            deadline,
          }),
          ...disks.flatMap((disk, index) => ["--disk", `${disk.name}=${disk.serial}=${devicePath(index)}`]),
          ...flags({ secrets: SECRETS_DIR, ...(hashDisks && { "hash-disks": hashDisks }) }),
        ],
        ports: [
          { name: "iscsi", containerPort: ISCSI_PORT },
          { name: "control", containerPort: CONTROL_PORT },
        ],
        mounts: [secretMount],
        devices: disks.map((_, index) => ({ name: `disk${index}`, devicePath: devicePath(index) })),
        resources: installation.resources.target,
      },
    ],
    volumes: [
      secretVolume(names.secret("target")),
      ...disks.map(({ claim }, index) => ({
        name: `disk${index}`,
        persistentVolumeClaim: { claimName: claim, readOnly: true },
      })),
    ],
  })
}
