import { expect, test } from "vitest"
import { claimManifest } from "../../../src/children/claim.ts"
import { restorePodManifest } from "../../../src/children/restore-pod.ts"
import { targetPodManifest } from "../../../src/children/target-pod.ts"
import { disguised } from "../../../src/gather/disguise.ts"
import { blueprint } from "../../support/blueprint.ts"

const manifests = {
  target: targetPodManifest(blueprint, "frsess-orders-1-target-0"),
  restore: restorePodManifest(blueprint, "frsess-orders-1-restore-0", "frsess-orders-1-target"),
  claim: claimManifest(blueprint, {
    name: "frsess-orders-1-d0",
    storageClassName: "fast",
    size: "1Gi",
    snapshot: "frsess-orders-1-s0",
  }),
}

test.each(Object.entries(manifests))("%s: nothing of it is the operator's alone", (_, manifest) => {
  const text = JSON.stringify(disguised(manifest))
  // the program's own arguments are no names
  expect(text).not.toMatch(/"frsess-|"filerecovery\.dev\/|ownerReferences/)
  expect(text).toContain('"dry-run-orders-1-')
})

test.each(["target", "restore"] as const)("%s: what quotas, limits and Pod Security go by stays", (role) => {
  const before = manifests[role]
  const { spec, metadata } = disguised(before) as unknown as typeof before & { spec: Record<string, unknown> }
  const { volumes: _, ...others } = before["spec"] as Record<string, unknown>
  expect(spec).toMatchObject({ ...others, containers: expect.any(Array) as unknown[] })
  const resources = (containers: unknown) => (containers as { resources: object }[]).map((one) => one.resources)
  expect(resources(spec["containers"])).toEqual(resources(others["containers"]))
  expect(metadata.labels).toMatchObject({ "app.kubernetes.io/name": "file-recovery" })
})
