import { expect, test } from "vitest"
import { UNLOCK_LABEL } from "../../../src/api/labels.ts"
import type { Blueprint, Resources } from "../../../src/children/blueprint.ts"
import { restorePodManifest } from "../../../src/children/restore-pod.ts"
import { filesOptions, guestOptions } from "../../../src/pod/options.ts"
import { blueprint } from "../../support/blueprint.ts"

interface PodSpec {
  containers: { args: string[]; volumeMounts: { name: string }[]; resources: Resources }[]
  volumes: { name: string }[]
}

const unlock = [
  { name: "disk-keys", key: "root" },
  { name: "disk-keys", key: "data" },
]

const podOf = (blueprint: Blueprint) => restorePodManifest(blueprint, "x", "10.96.0.7")["spec"] as PodSpec

test("the keys to unlock with are optional files of the container that reads them, and of no other", () => {
  const { volumes, containers } = podOf({ ...blueprint, unlock })
  const [files, guest] = containers
  const secret = (key: string) => ({
    secretName: "disk-keys",
    items: [{ key, path: "key" }],
    optional: true,
    defaultMode: 0o440,
  })
  expect(volumes.filter(({ name }) => name.startsWith("unlock"))).toEqual([
    { name: "unlock0", secret: secret("root") },
    { name: "unlock1", secret: secret("data") },
  ])
  expect(files?.volumeMounts?.slice(3)).toEqual([
    { name: "unlock0", mountPath: "/etc/frsess-unlock/0", readOnly: true },
    { name: "unlock1", mountPath: "/etc/frsess-unlock/1", readOnly: true },
  ])
  expect(guest?.volumeMounts?.map(({ name }) => name)).toEqual(["guest", "overlay"])
  expect(filesOptions(files?.args.slice(1) ?? []).unlock).toEqual(unlock)
})

test("a policy knows such a pod by its label", () => {
  expect(restorePodManifest({ ...blueprint, unlock }, "x", "").metadata.labels).toMatchObject({
    [UNLOCK_LABEL]: "true",
  })
  expect(restorePodManifest({ ...blueprint, unlock: [] }, "x", "").metadata.labels).not.toHaveProperty([UNLOCK_LABEL])
})

test.each([
  [
    "with the memory that deriving a key takes",
    { limits: { memory: "1Gi" } },
    { requests: {}, limits: { memory: "2Gi" } },
  ],
  ["without limits where there are none", { requests: { cpu: "1" } }, { requests: { cpu: "1" }, limits: {} }],
])("a guest that is to unlock comes %s", (_, guest, expected) => {
  const { installation } = blueprint
  const given = { ...installation, resources: { ...installation.resources, guest } }
  const container = podOf({ ...blueprint, installation: given, unlock }).containers[1]
  expect(guestOptions(container?.args.slice(1) ?? []).memory).toBe(512 + 1024)
  expect(container?.resources).toEqual(expected)
})
