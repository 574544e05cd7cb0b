import { expect, test } from "vitest"
import { attachmentManifest } from "../../../src/children/attachment.ts"
import { claimManifest } from "../../../src/children/claim.ts"
import { snapshotManifest } from "../../../src/children/conversion.ts"
import type { Manifest } from "../../../src/children/manifest.ts"
import { networkPolicyManifests } from "../../../src/children/network-policies.ts"
import { restorePodManifest } from "../../../src/children/restore-pod.ts"
import { secretManifests } from "../../../src/children/secrets.ts"
import { serviceManifests } from "../../../src/children/services.ts"
import { targetPodManifest } from "../../../src/children/target-pod.ts"
import { filesOptions, guestOptions, targetOptions } from "../../../src/pod/options.ts"
import { blueprint } from "../../support/blueprint.ts"
import { names, session } from "../../support/observed.ts"

interface Container {
  name: string
  args: string[]
  env?: unknown
  securityContext: object
  volumeMounts?: { name: string; mountPath: string }[]
  volumeDevices?: { name: string; devicePath: string }[]
  resources: { limits?: Record<string, string> }
}
interface PodSpec {
  containers: Container[]
  volumes: ({ name: string } & Record<string, object | undefined>)[]
  securityContext: { supplementalGroups?: number[] }
}

const specOf = (pod: Manifest) => pod["spec"] as PodSpec
const target = targetPodManifest(blueprint, names.pod("target", 0))
const restore = restorePodManifest(blueprint, names.pod("restore", 0), "10.96.0.7")
const texts = { target: { "tls.key": "T" }, restore: { "tls.key": "R" }, access: { password: "P" } }
const secrets = secretManifests(blueprint, texts)
const services = serviceManifests(blueprint)
const claim = claimManifest(blueprint, {
  name: names.claim(0),
  storageClassName: "fast",
  size: "1Gi",
  snapshot: "nightly",
})
const owned = [
  target,
  restore,
  ...secrets,
  services.target,
  services.files,
  ...networkPolicyManifests(blueprint),
  claim,
  snapshotManifest(blueprint, { name: names.snapshot(0) }),
]

test.each(owned.map((one) => [`${one.kind} ${one.metadata.name}`, one] as const))(
  "%s is labelled and owned",
  (_, { kind, metadata }) => {
    expect(metadata.namespace).toBe("shop")
    expect(metadata.labels).toMatchObject({
      "filerecovery.dev/session": "orders",
      "filerecovery.dev/session-uid": session.uid,
      "filerecovery.dev/instance": "main",
      "app.kubernetes.io/managed-by": "file-recovery-operator",
      "velero.io/exclude-from-backup": "true",
    })
    expect(metadata.ownerReferences).toEqual([
      {
        apiVersion: "filerecovery.dev/v1alpha1",
        kind: "FileRecoveryAttachment",
        name: names.base,
        uid: "attachment-uid",
        blockOwnerDeletion: true,
        ...(kind === "Pod" && { controller: true }),
      },
    ])
  },
)

test("the attachment has no owner", () => {
  const { metadata, spec } = attachmentManifest(session, "main")
  expect(metadata).not.toHaveProperty("ownerReferences")
  expect(spec).toEqual({ sessionName: "orders", sessionUid: session.uid })
})

test("a label is cut to a valid value", () => {
  const long = attachmentManifest({ ...session, name: `${"a".repeat(62)}.b` }, "main")
  expect(long.metadata.labels?.["filerecovery.dev/session"]).toBe("a".repeat(62))
})

test.each([
  ["target", target],
  ["restore", restore],
])("the %s pod passes Pod Security restricted and has no way to the API", (_, pod) => {
  expect(specOf(pod)).toMatchObject({
    restartPolicy: "Never",
    activeDeadlineSeconds: 43_200,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: "RuntimeDefault" } },
    imagePullSecrets: [{ name: "pull" }],
    nodeSelector: { disk: "ssd" },
    priorityClassName: "low",
  })
  for (const container of specOf(pod).containers) {
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    })
    expect(container.env).toBeUndefined()
  }
  const kinds = specOf(pod).volumes.flatMap((volume) => Object.keys(volume).filter((key) => key !== "name"))
  expect(new Set(kinds).isSubsetOf(new Set(["secret", "emptyDir", "persistentVolumeClaim"]))).toBe(true)
})

test("the target pod mounts its clones read-only, as the device group", () => {
  const { volumes, containers, securityContext } = specOf(target)
  expect(volumes.map(({ persistentVolumeClaim }) => persistentVolumeClaim)).toEqual([
    undefined,
    { claimName: names.claim(0), readOnly: true },
    { claimName: names.claim(1), readOnly: true },
  ])
  expect(containers[0]?.volumeDevices).toEqual([
    { name: "disk0", devicePath: "/dev/disk0" },
    { name: "disk1", devicePath: "/dev/disk1" },
  ])
  expect(securityContext.supplementalGroups).toEqual([6])
})

test("the container that runs the guest sees sockets and its overlay, and no Secret", () => {
  const [files, guest] = specOf(restore).containers
  expect(files?.volumeMounts?.map(({ name }) => name)).toEqual(["secrets", "guest", "local"])
  expect(guest?.volumeMounts?.map(({ name }) => name)).toEqual(["guest", "overlay"])
  expect(specOf(restore).securityContext.supplementalGroups).toBeUndefined()
})

const argsOf = (pod: Manifest, index = 0) => specOf(pod).containers[index]?.args ?? []

test("each of several recovery points has a guest of its own, with nothing of the others", () => {
  const points = ["2026-11-22T03:00:00Z", "2026-11-21T03:00:00Z"]
  const pod = restorePodManifest({ ...blueprint, points }, "x", "10.96.0.7")
  const [files, ...guests] = specOf(pod).containers
  const mounts = (container: typeof files) =>
    container?.volumeMounts?.map(({ name, mountPath }) => `${name}:${mountPath}`)
  expect(mounts(files)).toEqual([
    "secrets:/etc/frsess",
    "guest-1:/run/guest/1",
    "guest-2:/run/guest/2",
    "local:/run/files",
  ])
  expect(guests.map(mounts)).toEqual([
    ["guest-1:/run/guest/1", "overlay-1:/overlay"],
    ["guest-2:/run/guest/2", "overlay-2:/overlay"],
  ])
  expect(guests.map(({ name }) => name)).toEqual(["guest-1", "guest-2"])
  expect(specOf(pod).volumes.map(({ name }) => name)).toEqual([
    "secrets",
    "local",
    "guest-1",
    "overlay-1",
    "guest-2",
    "overlay-2",
  ])
  expect(filesOptions(argsOf(pod).slice(1))).toMatchObject({ "guest-dir": "/run/guest", point: points })
  const own = guestOptions(argsOf(restore, 1).slice(1))
  expect(guestOptions(argsOf(pod, 2).slice(1))).toEqual({ ...own, "guest-dir": "/run/guest/2" })
})

test("the pods' own parsers understand their arguments", () => {
  expect(targetOptions(argsOf(target))).toMatchObject({
    "session-uid": session.uid,
    "session-name": "shop/orders",
    iqn: names.targetIqn,
    secrets: "/etc/frsess",
    disk: [
      { name: "data", serial: names.serial(0), path: "/dev/disk0" },
      { name: "log", serial: names.serial(1), path: "/dev/disk1" },
    ],
  })
  expect(argsOf(restore)[0]).toBe("files")
  expect(filesOptions(argsOf(restore).slice(1))).toMatchObject({
    portal: { host: "10.96.0.7", port: 3260 },
    "target-iqn": names.targetIqn,
    disk: [
      { name: "data", serial: names.serial(0) },
      { name: "log", serial: names.serial(1) },
    ],
    "guest-dir": "/run/guest",
    "sftp-port": 2022,
    "local-socket": "/run/files/http",
  })
  expect(guestOptions(argsOf(restore, 1).slice(1))).toMatchObject({
    memory: 512,
    cpus: 1,
    kvm: false,
    "overlay-dir": "/overlay",
  })
})

test.each([undefined, "before-and-after", "after"] as const)(
  "the target is told when to hash the disks: %s",
  (when) => {
    const pod = targetPodManifest({ ...blueprint, ...(when && { hashDisks: when }) }, "x")
    expect(targetOptions(argsOf(pod))["hash-disks"]).toBe(when)
  },
)

test("an IPv6 portal is put in brackets", () => {
  const pod = restorePodManifest(blueprint, "x", "fd00::7")
  expect(filesOptions(argsOf(pod).slice(1)).portal).toEqual({ host: "fd00::7", port: 3260 })
})

test("KVM is asked for as a resource of the guest's container", () => {
  const installation = { ...blueprint.installation, kvmResource: "devices.example/kvm" }
  const pod = restorePodManifest({ ...blueprint, installation }, "x", "10.96.0.7")
  expect(specOf(pod).containers[1]?.resources.limits).toEqual({ memory: "1Gi", "devices.example/kvm": "1" })
  expect(guestOptions(argsOf(pod, 1).slice(1)).kvm).toBe(true)
})

test.each([undefined, "Skip"] as const)("the guest is told to leave journals alone: %s", (journal) => {
  const pod = restorePodManifest({ ...blueprint, ...(journal && { journal }) }, "x", "10.96.0.7")
  expect(filesOptions(argsOf(pod).slice(1)).journal).toBe(journal ?? "Replay")
})

test("a claim is a block device cloned from the snapshot", () => {
  expect(claim["spec"]).toEqual({
    accessModes: ["ReadWriteOnce"],
    volumeMode: "Block",
    storageClassName: "fast",
    resources: { requests: { storage: "1Gi" } },
    dataSource: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: "nightly" },
  })
})

test("each role has a Secret of its own that nobody can change", () => {
  expect(secrets.map(({ metadata, immutable, data }) => [metadata.name, immutable, data])).toEqual([
    [names.secret("target"), true, { "tls.key": "VA==" }],
    [names.secret("restore"), true, { "tls.key": "Ug==" }],
    [names.secret("access"), true, { password: "UA==" }],
  ])
})

test("the policies let in whom the session needs and nobody else", () => {
  const pods = (role: string) => ({
    podSelector: { matchLabels: { "filerecovery.dev/session-uid": session.uid, "filerecovery.dev/role": role } },
  })
  const operator = {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "file-recovery" } },
    podSelector: { matchLabels: { "app.kubernetes.io/name": "file-recovery-operator" } },
  }
  const tcp = (port: number) => [{ protocol: "TCP", port }]
  expect(networkPolicyManifests(blueprint).map(({ spec }) => spec)).toEqual([
    {
      ...pods("target"),
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        { from: [pods("restore")], ports: tcp(3260) },
        { from: [operator], ports: tcp(9443) },
      ],
      egress: null,
    },
    {
      ...pods("restore"),
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ from: [operator], ports: tcp(9443) }],
      egress: [{ to: [pods("target")], ports: tcp(3260) }],
    },
  ])
})

test("each Service selects the pods of one role of this session", () => {
  const selector = (role: string) => ({ "filerecovery.dev/session-uid": session.uid, "filerecovery.dev/role": role })
  expect(services.target["spec"]).toMatchObject({
    type: "ClusterIP",
    selector: selector("target"),
    ports: [{ port: 3260 }],
  })
  expect(services.files["spec"]).toMatchObject({
    type: "ClusterIP",
    selector: selector("restore"),
    ports: [
      { port: 8443, targetPort: "https" },
      { port: 2022, targetPort: "sftp" },
    ],
  })
})
