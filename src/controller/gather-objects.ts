import { kinds } from "../kube/kinds.ts"
import type { KubeObject, NetworkPolicy, PersistentVolumeClaim, Pod } from "../kube/objects.ts"
import { ROLE_LABEL } from "../api/labels.ts"
import { CONTROL_PORT } from "../children/ports.ts"
import type { ObservedClaim, ObservedContainer, ObservedObject, ObservedPod } from "../session/observed.ts"
import { instant } from "../session/time.ts"

/** Kubernetes' objects cut down to what decisions are made of. Pure; absent fields of half-made objects do no harm. */
export function observedPod(pod: Pod, warning?: string): ObservedPod | undefined {
  const role = pod.metadata?.labels?.[ROLE_LABEL]
  return role === "target" || role === "restore" ? { ...podFacts(pod, warning), role } : undefined
}

/** The same of a pod of any role. */
export function podFacts(pod: Pod, warning?: string): Omit<ObservedPod, "role"> {
  const { name = "", uid = "", creationTimestamp, deletionTimestamp } = pod.metadata ?? {}
  const { podIP, phase, conditions, containerStatuses, reason, message } = pod.status ?? {}
  const scheduled = conditions?.find(({ type }) => type === "PodScheduled")
  const ready = conditions?.find(({ type }) => type === "Ready")
  const createdAt = instant(creationTimestamp)
  const endsBy = instant(deletionTimestamp)
  const unschedulable = scheduled?.status === "False" ? (scheduled.message ?? scheduled.reason) : undefined
  return {
    name,
    uid,
    ...(createdAt !== undefined && { createdAt }),
    ...(podIP !== undefined && { ip: podIP }),
    ...(pod.spec?.nodeName !== undefined && { node: pod.spec.nodeName }),
    deleting: deletionTimestamp !== undefined,
    ...(endsBy !== undefined && { endsBy }),
    ...(ready && { ready: ready.status === "True" }),
    phase: isPhase(phase) ? phase : "Pending",
    containers: (containerStatuses ?? []).map((status) => observedContainer(status)),
    ...(unschedulable !== undefined && { unschedulable }),
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
    ...(warning !== undefined && { warning }),
  }
}

function isPhase(phase: string | undefined): phase is ObservedPod["phase"] {
  return ["Pending", "Running", "Succeeded", "Failed", "Unknown"].includes(phase ?? "")
}

type ContainerStatus = NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>[number]

function observedContainer({ name, state }: ContainerStatus): ObservedContainer {
  if (state?.running) return { name, state: "running" }
  if (!state?.terminated) {
    const { reason, message } = state?.waiting ?? {}
    return {
      name,
      state: "waiting",
      ...(reason !== undefined && { reason }),
      ...(message !== undefined && { message }),
    }
  }
  const { reason, message, exitCode, finishedAt } = state.terminated
  const words = lastWords(message)
  const ended = instant(finishedAt)
  return {
    name,
    state: "terminated",
    reason: words?.reason ?? reason ?? `exit code ${exitCode}`,
    ...(exitCode !== 0 && { message: words?.message ?? message ?? `exit code ${exitCode}` }),
    ...(ended !== undefined && { finishedAt: ended }),
  }
}

/** Our processes leave `{"reason", "message"}`; of others the kubelet keeps the end of the log. */
function lastWords(text: string | undefined): { reason: string; message: string } | undefined {
  try {
    const { reason, message } = JSON.parse(text ?? "") as { reason?: unknown; message?: unknown }
    return typeof reason === "string" && typeof message === "string" ? { reason, message } : undefined
  } catch {
    return undefined
  }
}

export function observedClaim({ metadata, spec, status }: PersistentVolumeClaim, warning?: string): ObservedClaim {
  const phase = status?.phase
  return {
    name: metadata?.name ?? "",
    uid: metadata?.uid ?? "",
    phase: phase === "Bound" || phase === "Lost" ? phase : "Pending",
    ...(spec?.volumeName !== undefined && { volumeName: spec.volumeName }),
    deleting: metadata?.deletionTimestamp !== undefined,
    ...(warning !== undefined && { warning }),
  }
}

export function observedObject(kind: ObservedObject["kind"], { metadata }: KubeObject): ObservedObject {
  const deleting = metadata !== undefined && "deletionTimestamp" in metadata
  return { kind, name: metadata?.name ?? "", uid: metadata?.uid ?? "", deleting }
}

/** Also what it lets in. */
export function observedPolicy(policy: NetworkPolicy): ObservedObject {
  const ingress = policy.spec?.ingress ?? []
  const isOperators = ({ ports = [] }: (typeof ingress)[number]) =>
    ports.length > 0 && ports.every(({ port }) => port === CONTROL_PORT)
  return { ...observedObject("NetworkPolicy", policy), rules: ingress.filter((rule) => !isOperators(rule)) }
}

/** Where events live that tell in somebody else's words what goes wrong with an object. */
export const WARNINGS = kinds.CoreEvent
