import type { PodRole } from "../children/names.ts"
import type { Pod } from "../kube/objects.ts"
import type { PlannedContainer, PlannedPod } from "../session/preflight/observed.ts"

/** A pod cut down to what quotas count and NetworkPolicies select. */
export function plannedPod(role: PodRole, { metadata, spec }: Pod): PlannedPod {
  const { activeDeadlineSeconds, priorityClassName, overhead, containers } = spec ?? {}
  return {
    role,
    labels: metadata?.labels ?? {},
    hasDeadline: activeDeadlineSeconds !== undefined,
    ...(priorityClassName !== undefined && { priorityClassName }),
    containers: (containers ?? []).map(({ resources, ports }): PlannedContainer => ({
      requests: resources?.requests ?? {},
      limits: resources?.limits ?? {},
      ports: (ports ?? []).map(({ name = "", containerPort }) => ({ name, port: containerPort })),
    })),
    overhead: overhead ?? {},
  }
}
