import type { Blueprint } from "./blueprint.ts"
import type { Manifest } from "./manifest.ts"
import { metadata, podSelector } from "./metadata.ts"
import { namesOf } from "./names.ts"
import { HTTPS_PORT, ISCSI_PORT, SFTP_PORT } from "./ports.ts"

/** A stable address for each pod, across its replacements: the target's portal and the file service. */
export function serviceManifests(blueprint: Blueprint): { target: Manifest; files: Manifest } {
  return {
    target: service(blueprint, "target", { iscsi: ISCSI_PORT }),
    files: service(blueprint, "restore", { https: HTTPS_PORT, sftp: SFTP_PORT }),
  }
}

/** `ports` by the names that the pod's container has for them. */
function service(blueprint: Blueprint, role: "target" | "restore", ports: Record<string, number>): Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(blueprint, namesOf(blueprint.session).service(role), role),
    spec: {
      type: "ClusterIP",
      selector: podSelector(blueprint, role),
      ports: Object.entries(ports).map(([name, port]) => ({ name, port, targetPort: name, protocol: "TCP" })),
    },
  }
}
