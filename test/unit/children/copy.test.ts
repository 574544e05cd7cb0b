import { expect, test } from "vitest"
import { copySpec, type CopySpecInput } from "../../../src/api/copy.ts"
import { copyNames, ownSessionManifest, ownSessionName } from "../../../src/children/copy.ts"
import { copyPodManifest, copyPolicyManifests } from "../../../src/children/copy-pod.ts"
import { isNameOf, isOfCopy } from "../../../src/children/names.ts"
import { sessionSpec } from "../../../src/api/spec.ts"
import { copyOptions } from "../../../src/copy/options.ts"
import { blueprint } from "../../support/blueprint.ts"
import { names as sessionNames, session } from "../../support/observed.ts"

const copy = { namespace: "shop", name: "restore.orders", uid: "0f0c3a52-7d5e-4a5e-9f4e-000000000001" }
const names = copyNames(session, copy)
const spec = (more: Partial<CopySpecInput> = {}) =>
  copySpec.parse({
    session: { name: "orders" },
    paths: [
      { volume: "vg0-data", path: "/var/\\xff" },
      { volume: "data", path: "/a:b" },
    ],
    destination: { persistentVolumeClaim: { name: "restored" }, directory: "/in to" },
    ...more,
  })
const podOf = (more?: Partial<CopySpecInput>) =>
  copyPodManifest(blueprint, copy, spec(more), { name: names.pod(2), host: "10.96.0.7", lostPods: 2 })

interface PodSpec {
  securityContext: object
  containers: { command: string[]; args: string[]; securityContext: object; volumeMounts: { mountPath: string }[] }[]
}

test("names are the session's, and tell that they are a copy's", () => {
  expect(isNameOf(session, names.pod(3))).toBe(true)
  expect([names.pod(3), names.policy("in")].every((name) => isOfCopy(name))).toBe(true)
  expect(
    [sessionNames.pod("restore", 0), sessionNames.policy("restore"), sessionNames.base].some((name) => isOfCopy(name)),
  ).toBe(false)
  expect(ownSessionName({ ...copy, name: "a".repeat(253) }).length).toBeLessThanOrEqual(253)
})

test("the program understands the arguments it is given", () => {
  const { containers } = podOf()["spec"] as PodSpec
  const [{ command, args } = { command: [], args: [] }] = containers
  expect(command).toEqual(["tini", "--", "node", "/app/copy.mjs"])
  expect(copyOptions(args)).toMatchObject({
    "session-uid": session.uid,
    host: "10.96.0.7",
    port: 8443,
    "lost-pods": 2,
    destination: "/destination",
    conflict: "Fail",
    directory: [Buffer.from("in to")],
    places: [
      { volume: "vg0-data", components: [Buffer.from("var"), Buffer.from([0xff])] },
      { volume: "data", components: [Buffer.from("a:b")] },
    ],
  })
})

test("it runs as whom the copy says, and never with more than Pod Security restricted allows", () => {
  const contextOf = (more?: Partial<CopySpecInput>) => (podOf(more)["spec"] as PodSpec).securityContext
  const into = (securityContext: object) => ({
    destination: { persistentVolumeClaim: { name: "restored" }, securityContext } as CopySpecInput["destination"],
  })
  const always = { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } }
  const onMismatch = { fsGroupChangePolicy: "OnRootMismatch" }
  expect(contextOf()).toEqual({ ...always, runAsUser: 65_532, runAsGroup: 65_532, fsGroup: 65_532, ...onMismatch })
  expect(contextOf(into({ runAsUser: 999 }))).toEqual({ ...always, runAsUser: 999, runAsGroup: 999 })
  expect(contextOf(into({ runAsUser: 999, runAsGroup: 1, fsGroup: 2 }))).toEqual({
    ...always,
    runAsUser: 999,
    runAsGroup: 1,
    fsGroup: 2,
    ...onMismatch,
  })
  const { containers } = podOf()["spec"] as PodSpec
  expect(containers[0]?.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  })
})

test("to keep owners it is root, with rights over files and no others", () => {
  const { securityContext, containers } = podOf({ preserve: ["Owner"] })["spec"] as PodSpec
  expect(securityContext).toEqual({
    runAsNonRoot: false,
    runAsUser: 0,
    runAsGroup: 0,
    seccompProfile: { type: "RuntimeDefault" },
  })
  const [{ args, securityContext: own } = { args: [], securityContext: {} }] = containers
  expect(own).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"], add: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"] },
  })
  expect(copyOptions(args).preserve).toEqual(["Owner"])
})

test("it is the session's, and tells of its copy", () => {
  const { metadata } = podOf()
  expect(metadata.labels).toMatchObject({
    "filerecovery.dev/session-uid": session.uid,
    "filerecovery.dev/role": "copy",
    "filerecovery.dev/copy": "restore.orders",
    "filerecovery.dev/copy-uid": copy.uid,
  })
  expect(metadata.ownerReferences).toMatchObject([{ kind: "FileRecoveryAttachment", controller: true }])
})

test("its policies let it to the restore pod's HTTPS port, and nobody to it", () => {
  const [out, into] = copyPolicyManifests(blueprint, copy).map((policy) => policy["spec"] as Record<string, unknown>)
  const own = { "filerecovery.dev/copy-uid": copy.uid, "filerecovery.dev/session-uid": session.uid }
  const restore = { "filerecovery.dev/role": "restore", "filerecovery.dev/session-uid": session.uid }
  const ports = [{ protocol: "TCP", port: 8443 }]
  expect(out).toMatchObject({
    podSelector: { matchLabels: own },
    policyTypes: ["Ingress", "Egress"],
    ingress: null,
    egress: [{ to: [{ podSelector: { matchLabels: restore } }], ports }],
  })
  expect(into).toMatchObject({
    podSelector: { matchLabels: restore },
    policyTypes: ["Ingress"],
    ingress: [{ from: [{ podSelector: { matchLabels: own } }], ports }],
  })
})

test("the session of its own is what it asks for, and goes with it", () => {
  const { session: _, ...rest } = spec()
  const asked = {
    source: { volumeSnapshots: [{ name: "nightly" }] },
    unlock: [{ secretRef: { name: "luks", key: "key" } }],
    journal: "Skip" as const,
  }
  const { metadata, spec: made } = ownSessionManifest(copy, { ...rest, ...asked }, "main")
  expect(made).toEqual(asked)
  expect(sessionSpec.safeParse(made).success).toBe(true)
  expect(metadata).toMatchObject({
    labels: { "filerecovery.dev/copy-uid": copy.uid, "filerecovery.dev/instance": "main" },
    ownerReferences: [{ kind: "FileRecoveryCopy", name: copy.name, uid: copy.uid, controller: true }],
  })
})
