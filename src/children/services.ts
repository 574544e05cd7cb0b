import type { Blueprint } from "./blueprint.ts"
import type { Manifest } from "./manifest.ts"
import { metadata, podSelector } from "./metadata.ts"
import { namesOf } from "./names.ts"
import { HTTPS_PORT, ISCSI_PORT } from "./ports.ts"

/** A stable address for each pod, across its replacements: the target's portal and the file service. */
export function serviceManifests(blueprint: Blueprint): { target: Manifest; files: Manifest } {
  return {
    target: service(blueprint, "target", { name: "iscsi", port: ISCSI_PORT }),
    files: service(blueprint, "restore", { name: "https", port: HTTPS_PORT }),
  }
}

function service(
  blueprint: Blueprint,
  role: "target" | "restore",
  { name, port }: { name: string; port: number },
): Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(blueprint, namesOf(blueprint.session).service(role), role),
    spec: {
      type: "ClusterIP",
      selector: podSelector(blueprint, role),
      ports: [{ name, port, targetPort: name, protocol: "TCP" }],
    },
  }
}
