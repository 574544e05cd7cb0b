import type { KeyObject } from "node:crypto"
import type { FileRecoveryAttachment } from "../api/attachment.ts"
import type { KubeClient } from "../kube/client.ts"
import type { EventRecorder } from "../kube/events.ts"
import type {
  KubeObject,
  NetworkPolicy,
  PersistentVolumeClaim,
  Pod,
  Service,
  VolumeSnapshot,
  VolumeSnapshotContent,
} from "../kube/objects.ts"
import type { Store } from "../kube/store.ts"
import type { Authority } from "../pki/authority.ts"
import type { Settings } from "../api/settings.ts"
import type { Places } from "./places.ts"

/** What is made for sessions, reflected: objects with the label `filerecovery.dev/instance` of this installation. */
export interface ChildStores {
  attachments: Store<FileRecoveryAttachment & KubeObject>
  pods: Store<Pod>
  claims: Store<PersistentVolumeClaim>
  services: Store<Service>
  networkPolicies: Store<NetworkPolicy>
  /** All there are, by everybody; of each only our labels. */
  snapshots: Store<VolumeSnapshot>
  /** The same, and the namespace it is for. */
  contents: Store<VolumeSnapshotContent>
}

export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** Everything the reconciler needs from outside. `src/operator.ts` puts it together, tests bring their own API server. */
export interface ReconcilerDeps {
  kube: KubeClient
  stores: ChildStores
  /** Who is in progress, and who waits for that. */
  places: Places
  events: EventRecorder
  settings: Settings
  /** Asked each time: the files it comes from may be rotated. */
  authority: () => Authority
  masterKey: () => KeyObject
  now: () => Date
  onOrphanRemoved: (kind: string) => void
  log: Log
}
