import type { Blueprint } from "../../src/children/blueprint.ts"
import { names, session } from "./observed.ts"

/** A blueprint of a session with two disks, and an installation that leaves nothing out. */
export const blueprint: Blueprint = {
  session: { namespace: session.namespace, name: session.name, uid: session.uid },
  owner: { name: names.base, uid: "attachment-uid" },
  installation: {
    instance: "main",
    engineImage: "registry.example/engine:1",
    imagePullPolicy: "IfNotPresent",
    imagePullSecrets: ["pull"],
    operatorNamespace: "file-recovery",
    operatorLabels: { "app.kubernetes.io/name": "file-recovery-operator" },
    diskGroup: 6,
    guest: { memoryMiB: 512, cpus: 1, overlayMiB: 256, unlockMiB: 1024 },
    resources: { target: { limits: { memory: "256Mi" } }, files: {}, guest: { limits: { memory: "1Gi" } } },
    nodeSelector: { disk: "ssd" },
    tolerations: [{ key: "recovery", operator: "Exists" }],
    priorityClassName: "low",
  },
  disks: [
    { name: "data", claim: names.claim(0), serial: names.serial(0) },
    { name: "log", claim: names.claim(1), serial: names.serial(1) },
  ],
  deadline: "2026-11-22T20:00:00Z",
  activeDeadlineSeconds: 43_200,
}
