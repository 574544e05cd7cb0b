import type { CopySpec } from "../api/copy.ts"
import type { Blueprint } from "./blueprint.ts"
import { copyLabels, copyNames, type CopyRef } from "./copy.ts"
import type { Manifest } from "./manifest.ts"
import { metadata, podSelector } from "./metadata.ts"
import { namesOf, shortHash } from "./names.ts"
import { flags, podManifest, SECRETS_DIR, secretMount } from "./pod.ts"
import { HTTPS_PORT } from "./ports.ts"

const DESTINATION_DIR = "/destination"
/** To give files away, write in directories that belong to others, and set modes and times of both. */
const OWNER_CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"]
/** User and group where the copy names none. */
const USER = 65_532

/**
 * The pod of a copy: it reads from the restore pod with the session's access Secret and writes to the claim. Nothing else is
 * mounted, it has no port, and its root is read-only: whatever a hostile name made it write to is the claim itself.
 */
export function copyPodManifest(
  blueprint: Blueprint,
  copy: CopyRef,
  spec: CopySpec,
  { name, host, lostPods }: { name: string; host: string; lostPods: number },
): Manifest {
  const { session, installation } = blueprint
  const { destination, paths, conflict, preserve = [] } = spec
  const keepsOwner = preserve.includes("Owner")
  return podManifest(blueprint, {
    name,
    role: "copy",
    labels: copyLabels(copy),
    user: keepsOwner ? { runAsUser: 0, runAsGroup: 0, runAsNonRoot: false } : writerOf(destination),
    containers: [
      {
        name: "copy",
        args: [
          "/app/copy.mjs",
          ...flags({
            "session-uid": session.uid,
            "session-name": `${session.namespace}/${session.name}`,
            "copy-id": shortHash(copy.uid),
            "lost-pods": String(lostPods),
            host,
            port: String(HTTPS_PORT),
            secrets: SECRETS_DIR,
            destination: DESTINATION_DIR,
            directory: destination.directory,
            conflict,
          }),
          ...paths.flatMap(({ volume, path }) => ["--path", `${volume}:${path}`]),
          ...preserve.flatMap((what) => ["--preserve", what]),
        ],
        ports: [],
        mounts: [secretMount, { name: "destination", mountPath: DESTINATION_DIR }],
        resources: installation.resources.files,
        ...(keepsOwner && { capabilities: OWNER_CAPABILITIES }),
      },
    ],
    volumes: [
      // readable for whichever user it runs as: nobody else is in this pod
      { name: "secrets", secret: { secretName: namesOf(session).secret("access"), defaultMode: 0o444 } },
      { name: "destination", persistentVolumeClaim: { claimName: destination.persistentVolumeClaim.name } },
    ],
  })
}

function writerOf({ securityContext = { runAsUser: USER, fsGroup: USER } }: CopySpec["destination"]) {
  const { runAsUser, runAsGroup = runAsUser, fsGroup } = securityContext
  // what lies in the claim keeps its group and mode unless the volume is new
  return { runAsUser, runAsGroup, ...(fsGroup !== undefined && { fsGroup, fsGroupChangePolicy: "OnRootMismatch" }) }
}

/** From the copy's pod to the restore pod's HTTPS port, and nowhere else; into the restore pod from there, besides what it has. */
export function copyPolicyManifests(blueprint: Blueprint, copy: CopyRef): Manifest[] {
  const names = copyNames(blueprint.session, copy)
  const labels = copyLabels(copy)
  const own = { ...podSelector(blueprint, "copy"), ...labels }
  const restore = podSelector(blueprint, "restore")
  const ports = [{ protocol: "TCP", port: HTTPS_PORT }]
  const policy = (side: "out" | "in", spec: object): Manifest => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadata(blueprint, names.policy(side), "copy", { more: labels }),
    spec,
  })
  return [
    policy("out", {
      podSelector: { matchLabels: own },
      policyTypes: ["Ingress", "Egress"],
      ingress: null,
      egress: [{ to: [{ podSelector: { matchLabels: restore } }], ports }],
    }),
    policy("in", {
      podSelector: { matchLabels: restore },
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ podSelector: { matchLabels: own } }], ports }],
    }),
  ]
}
