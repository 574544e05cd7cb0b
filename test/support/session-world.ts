import type { FileRecoveryAttachment } from "../../src/api/attachment.ts"
import type { SessionSpecInput } from "../../src/api/spec.ts"
import type { SessionStatus } from "../../src/api/status.ts"
import { isOfCopy } from "../../src/children/names.ts"
import { CONTROL_PORT } from "../../src/children/ports.ts"
import { type ControlServer, startControlServer } from "../../src/control/server.ts"
import type { RestoreStatus } from "../../src/control/schemas.ts"
import type {
  KubeObject,
  NetworkPolicy,
  PersistentVolumeClaim,
  Pod,
  Service,
  VolumeSnapshot,
  VolumeSnapshotContent,
} from "../../src/kube/objects.ts"
import { ObjectStore } from "../../src/kube/store.ts"
import type { ChildStores } from "../../src/controller/deps.ts"
import type { LoggedChange, StoredObject } from "./api-objects.ts"
import type { ApiServer } from "./api-server.ts"
import { WorldHashes } from "./world-hashes.ts"
import { type PodSpec, type WorldPod, worldPod } from "./world-pod.ts"
import { WorldSftp } from "./world-sftp.ts"

const shop = (group: string, plural: string) => `${group}/namespaces/shop/${plural}`
export const paths = {
  sessions: shop("/apis/filerecovery.dev/v1alpha1", "filerecoverysessions"),
  copies: shop("/apis/filerecovery.dev/v1alpha1", "filerecoverycopies"),
  attachments: shop("/apis/filerecovery.dev/v1alpha1", "filerecoveryattachments"),
  snapshots: shop("/apis/snapshot.storage.k8s.io/v1", "volumesnapshots"),
  contents: "/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents",
  classes: "/apis/storage.k8s.io/v1/storageclasses",
  drivers: "/apis/storage.k8s.io/v1/csidrivers",
  csiNodes: "/apis/storage.k8s.io/v1/csinodes",
  nodes: "/api/v1/nodes",
  quotas: shop("/api/v1", "resourcequotas"),
  policies: "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
  bindings: "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
  volumes: "/api/v1/persistentvolumes",
  networkPolicies: shop("/apis/networking.k8s.io/v1", "networkpolicies"),
  claims: shop("/api/v1", "persistentvolumeclaims"),
  pods: shop("/api/v1", "pods"),
  secrets: shop("/api/v1", "secrets"),
  services: shop("/api/v1", "services"),
}
const childPaths = [paths.networkPolicies, paths.claims, paths.pods, paths.secrets, paths.services, paths.snapshots]

/**
 * The rest of a cluster, around an API server in this process: it binds snapshots and claims, runs pods as far as their control port
 * (the real one, with the certificates of the session's Secrets), and collects what an attachment owned.
 */
export class SessionWorld {
  /** What happened that matters for the order of a release. */
  readonly log: string[] = []
  /** What the restore pods say of their clients. */
  usage: RestoreStatus["usage"] = { clients: 0, filesRead: 3, bytesRead: 4096, lastActivityAt: null }
  /** What the target pods find when they hash their disks. */
  readonly hashes = new WorldHashes()
  readonly sftp = new WorldSftp()
  readonly #api: ApiServer
  readonly #pods = new Map<string, WorldPod & { readonly server: ControlServer }>()
  readonly #pending = new Set<Promise<unknown>>()
  readonly #network = `127.${100 + Math.floor(Math.random() * 100)}.${Math.floor(Math.random() * 250)}`
  #addresses = 1

  constructor(api: ApiServer) {
    this.#api = api
    const { objects } = api
    for (const name of ["requester", "operator", "names"]) {
      objects.create(paths.policies, { metadata: { name: `test-${name}` } })
      const spec = { policyName: `test-${name}`, validationActions: ["Deny"] }
      objects.create(paths.bindings, { metadata: { name: `test-${name}` }, spec } as never)
    }
    objects.create(paths.classes, {
      metadata: { name: "fast" },
      provisioner: "disk.csi",
      reclaimPolicy: "Delete",
    } as never)
    objects.create(paths.drivers, { metadata: { name: "disk.csi" } })
    objects.onChange((change) => this.#react(change))
  }

  snapshot(name: string, claim: string, sourceVolumeMode = "Block"): void {
    const { objects } = this.#api
    const status = {
      readyToUse: true,
      creationTime: "2026-11-22T03:00:00Z",
      restoreSize: "1Gi",
      boundVolumeSnapshotContentName: `content-${name}`,
    }
    const spec = { source: { persistentVolumeClaimName: claim } }
    const { metadata } = objects.create(paths.snapshots, {
      metadata: { name, namespace: "shop" },
      spec,
      status,
    } as never)
    const volumeSnapshotRef = { namespace: "shop", name, uid: metadata.uid }
    const content = { driver: "disk.csi", sourceVolumeMode, volumeSnapshotRef, deletionPolicy: "Delete" }
    objects.create(paths.contents, {
      metadata: { name: `content-${name}` },
      spec: content,
      status: { snapshotHandle: `handle-of-${name}`, restoreSize: 2 ** 30 },
    } as never)
  }

  /** The snapshots and contents that are not of sessions: nothing may ever happen to them. */
  get users(): StoredObject[] {
    return [paths.snapshots, paths.contents].flatMap((path) => this.#api.objects.list(path, (one) => !isOurs(one)))
  }

  session(name: string, spec: SessionSpecInput, more: object = {}): void {
    const metadata = { name, namespace: "shop", generation: 1, creationTimestamp: new Date().toISOString(), ...more }
    this.#api.objects.create(paths.sessions, { metadata, spec } as never)
  }

  status(name: string): SessionStatus {
    return this.#api.objects.get(`${paths.sessions}/${name}`)["status"] ?? {}
  }

  /** When the pods that are there end by themselves, by their own clock. */
  get deadlines(): Date[] {
    return [...this.#pods].filter(([name]) => this.#exists(name)).map(([, { life }]) => life.deadline)
  }

  /** Pods that let initiators in, or would. */
  get serving(): string[] {
    return [...this.#pods].filter(([, pod]) => pod.status().state === "Serving").map(([name]) => name)
  }

  /** Everything that was made for sessions and is still there. */
  get leftovers(): string[] {
    const all = [paths.attachments, ...childPaths, paths.contents, paths.volumes]
    return all.flatMap((path) =>
      this.#api.objects
        .list(path, (one) => isOurs(one) || path === paths.volumes)
        .map(({ metadata }) => `${path.split("/").at(-1)} ${metadata.name}`),
    )
  }

  /** Stores as full as the reflectors' are when no watch is behind. */
  get stores(): ChildStores {
    return {
      attachments: this.#store<FileRecoveryAttachment & KubeObject>(paths.attachments),
      pods: this.#store<Pod>(paths.pods),
      claims: this.#store<PersistentVolumeClaim>(paths.claims),
      services: this.#store<Service>(paths.services),
      networkPolicies: this.#store<NetworkPolicy>(paths.networkPolicies),
      snapshots: this.#store<VolumeSnapshot>(paths.snapshots),
      contents: this.#store<VolumeSnapshotContent>(paths.contents),
    }
  }

  /** The pod's node is not heard of any more, nor is the pod: all it said stays as it was. */
  async loseNode(pod: string): Promise<void> {
    await this.#pods.get(pod)?.server.close()
    this.#api.objects.patch(`${paths.pods}/${pod}`, { status: { conditions: [{ type: "Ready", status: "False" }] } })
  }

  /** Resolves when the world has done what it does by itself. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending)
  }

  async close(): Promise<void> {
    await this.settled()
    await Promise.all([...this.#pods.keys()].map((name) => this.#stop(name)))
  }

  #store<T extends KubeObject>(path: string): ObjectStore<T> {
    const store = new ObjectStore<T>()
    for (const object of this.#api.objects.list(path, () => true)) store.set(object as unknown as T)
    return store
  }

  #react({ collection, type, object }: LoggedChange): void {
    const { name } = object.metadata
    if (type === "DELETED") this.log.push(`${collection.split("/").at(-1)} ${name} deleted`)
    if (type === "ADDED" && collection === paths.snapshots) this.#later(() => this.#bindSnapshot(object))
    if (type === "ADDED" && collection === paths.claims && isOurs(object)) this.#later(() => this.#bind(object))
    if (type === "ADDED" && collection === paths.pods && !isOfCopy(name)) this.#later(() => this.#run(object))
    if (type === "ADDED" && collection === paths.services)
      this.#api.objects.patch(`${paths.services}/${name}`, { spec: { clusterIP: "10.96.0.7" } })
    if (type === "DELETED" && collection === paths.snapshots) this.#later(() => this.#unbindSnapshot(object))
    if (type === "DELETED" && collection === paths.contents) this.#erase(object)
    if (type === "DELETED" && collection === paths.attachments) this.#later(() => this.#collect(object))
    if (type === "DELETED" && collection === paths.claims)
      this.#later(() => this.#api.objects.remove(`${paths.volumes}/pv-of-${name}`))
    if (type === "DELETED" && collection === paths.pods) this.#later(() => this.#stop(name))
  }

  #later(work: () => unknown): void {
    const done = Promise.resolve()
      .then(work)
      .finally(() => this.#pending.delete(done))
    this.#pending.add(done)
  }

  /** As the snapshot controller does with one that names its content. */
  #bindSnapshot({ metadata: { name, uid }, spec }: StoredObject): void {
    const content = (spec as { source: { volumeSnapshotContentName?: string } }).source.volumeSnapshotContentName
    if (content === undefined) return
    this.#api.objects.patch(`${paths.contents}/${content}`, { spec: { volumeSnapshotRef: { uid } } })
    const status = { readyToUse: true, boundVolumeSnapshotContentName: content, creationTime: "2026-11-22T03:00:00Z" }
    this.#api.objects.patch(`${paths.snapshots}/${name}`, { status })
  }

  /** As the snapshot controller does: with Delete the content goes along, and the driver's snapshot with it. */
  #unbindSnapshot({ metadata: { name } }: StoredObject): void {
    const bound = this.#api.objects.list(paths.contents, ({ metadata }) => metadata.name === name)
    for (const { spec } of bound)
      if ((spec as { deletionPolicy: string }).deletionPolicy === "Delete")
        this.#api.objects.remove(`${paths.contents}/${name}`)
  }

  #erase({ spec }: StoredObject): void {
    const { deletionPolicy, source } = spec as { deletionPolicy: string; source?: { snapshotHandle: string } }
    if (deletionPolicy === "Delete") this.log.push(`erased ${source?.snapshotHandle}`)
  }

  /** As the driver does: what isn't ready, or is of another volume mode, is refused. */
  #bind({ metadata: { name }, spec }: StoredObject): void {
    const source = (spec as { dataSource: { name: string } }).dataSource.name
    const { status } = this.#api.objects.get(`${paths.snapshots}/${source}`) as unknown as {
      status?: { boundVolumeSnapshotContentName?: string }
    }
    const content = this.#api.objects.get(`${paths.contents}/${status?.boundVolumeSnapshotContentName}`)
    const { sourceVolumeMode } = content["spec"] as { sourceVolumeMode: string }
    const { annotations } = content.metadata as { annotations?: Record<string, string> }
    const isAllowed = annotations?.["snapshot.storage.kubernetes.io/allow-volume-mode-change"] === "true"
    if (sourceVolumeMode !== "Block" && !isAllowed) return
    const volume = { claimRef: { namespace: "shop", name }, persistentVolumeReclaimPolicy: "Delete" }
    this.#api.objects.create(paths.volumes, { metadata: { name: `pv-of-${name}` }, spec: volume } as never)
    this.#api.objects.patch(`${paths.claims}/${name}`, {
      spec: { volumeName: `pv-of-${name}` },
      status: { phase: "Bound" },
    })
  }

  #collect({ metadata: { uid } }: StoredObject): void {
    const owned = (object: StoredObject) =>
      ((object.metadata as { ownerReferences?: { uid: string }[] }).ownerReferences ?? []).some(
        (owner) => owner.uid === uid,
      )
    for (const path of childPaths)
      for (const { metadata } of this.#api.objects.list(path, owned))
        this.#api.objects.remove(`${path}/${metadata.name}`)
  }

  async #run({ metadata, spec }: StoredObject): Promise<void> {
    const { name, labels = {} } = metadata
    const role = labels["filerecovery.dev/role"] === "target" ? ("target" as const) : ("restore" as const)
    const sessionUid = labels["filerecovery.dev/session-uid"] ?? ""
    const { data } = this.#api.objects.get(`${paths.secrets}/${name.replace(/-[0-9]+$/, "")}`) as unknown as {
      data: Record<string, string>
    }
    const text = (file: string) => Buffer.from(data[file] ?? "", "base64").toString()
    const ip = `${this.#network}.${this.#addresses++}`
    const pod = worldPod(role, {
      spec: spec as PodSpec,
      certificate: text("tls.crt"),
      usage: () => this.usage,
      hashes: this.hashes,
      sftp: this.sftp,
      released: () => this.log.push(`${role} released`),
    })
    const server = await startControlServer({
      host: ip,
      port: CONTROL_PORT,
      identity: { key: text("tls.key"), cert: text("tls.crt"), ca: text("ca.crt") },
      sessionUid,
      handlers: { ...pod.handlers, status: () => ({ ...pod.status(), sessionUid }) },
      log: { warn: () => undefined, error: () => undefined },
    })
    this.#pods.set(name, { ...pod, server })
    void pod.life.ended.then(() => this.#ended(name))
    const containers = role === "target" ? ["target"] : ["files", "guest"]
    const containerStatuses = containers.map((container) => ({ name: container, state: { running: {} } }))
    if (this.#exists(name))
      this.#api.objects.patch(`${paths.pods}/${name}`, {
        spec: { nodeName: "n1" },
        status: { phase: "Running", podIP: ip, containerStatuses },
      })
  }

  async #stop(name: string): Promise<void> {
    const pod = this.#pods.get(name)
    pod?.life.end("SIGTERM")
    await pod?.server.close()
  }

  #ended(name: string): void {
    if (this.#exists(name)) this.#api.objects.patch(`${paths.pods}/${name}`, { status: { phase: "Succeeded" } })
  }

  #exists(name: string): boolean {
    return this.#api.objects.list(paths.pods, (pod) => pod.metadata.name === name).length > 0
  }
}

const isOurs = ({ metadata }: StoredObject) => metadata.labels?.["filerecovery.dev/session-uid"] !== undefined
