import { expect, test } from "vitest"
import type { ObservedQuota, QuotaScope } from "../../../../src/session/preflight/observed.ts"
import { whatIsTooSmall } from "../../../../src/session/preflight/quotas.ts"
import { clone, pod, preflight, quota } from "../../../support/preflight.ts"

const { clones, pods } = preflight()
const scoped = (name: string, operator = "Exists", ...values: string[]): { scopes: QuotaScope[] } => ({
  scopes: [{ name, operator, values }],
})
const words = (one: ObservedQuota, ofClones = clones, ofPods = pods) => whatIsTooSmall(one, ofClones, ofPods)

test.each<[string, Record<string, string>, string | undefined]>([
  ["no limits", {}, undefined],
  ["exactly enough of everything", { pods: "2", services: "2", secrets: "3", persistentvolumeclaims: "1" }, undefined],
  ["of what no session takes", { "services.loadbalancers": "0", "count/jobs.batch": "0" }, undefined],
  ["a limit nobody understands", { pods: "many" }, undefined],
  ["pods", { pods: "1" }, "pods: 0 of 1 used, 2 needed"],
  ["pods as objects", { "count/pods": "1" }, "count/pods: 0 of 1 used, 2 needed"],
  ["Secrets", { secrets: "2" }, "secrets: 0 of 2 used, 3 needed"],
  ["Services", { services: "1" }, "services: 0 of 1 used, 2 needed"],
  ["claims", { persistentvolumeclaims: "0" }, "persistentvolumeclaims: 0 of 0 used, 1 needed"],
  ["storage", { "requests.storage": "5Gi" }, "requests.storage: 0 of 5Gi used, 10Gi needed"],
  [
    "storage of the class",
    { "fast.storageclass.storage.k8s.io/requests.storage": "1Gi" },
    "fast.storageclass.storage.k8s.io/requests.storage: 0 of 1Gi used, 10Gi needed",
  ],
  [
    "claims of the class",
    { "fast.storageclass.storage.k8s.io/persistentvolumeclaims": "0" },
    "fast.storageclass.storage.k8s.io/persistentvolumeclaims: 0 of 0 used, 1 needed",
  ],
  ["storage of another class", { "slow.storageclass.storage.k8s.io/requests.storage": "0" }, undefined],
  ["memory of both pods together", { "requests.memory": "1400Mi" }, "requests.memory: 0 of 1400Mi used, 1472Mi needed"],
  ["memory by its short name", { memory: "1Gi" }, "memory: 0 of 1Gi used, 1472Mi needed"],
  ["limits of memory", { "limits.memory": "1Gi" }, "limits.memory: 0 of 1Gi used, 1472Mi needed"],
  ["cpu", { "requests.cpu": "100m" }, "requests.cpu: 0 of 100m used, 150m needed"],
  ["limits that no container sets", { "limits.cpu": "0" }, undefined],
  ["two at once", { pods: "1", secrets: "0" }, "pods: 0 of 1 used, 2 needed; secrets: 0 of 0 used, 3 needed"],
])("%s", (_, hard, expected) => {
  expect(words(quota(hard))).toBe(expected && `ResourceQuota compute has no room: ${expected}`)
})

test("what is used counts", () => {
  const hard = { pods: "10" }
  expect(words(quota(hard, { used: { pods: "8" } }))).toBeUndefined()
  expect(words(quota(hard, { used: { pods: "9" } }))).toContain("pods: 9 of 10 used, 2 needed")
})

test("clones add up; those whose class isn't known count everywhere but in classes", () => {
  const { storageClassName: _, ...unknown } = clone()
  const three = [clone(), clone({ size: "1Gi" }), unknown]
  expect(words(quota({ "requests.storage": "20Gi" }), three)).toContain("21Gi needed")
  const ofClass = "fast.storageclass.storage.k8s.io/requests.storage"
  expect(words(quota({ [ofClass]: "10Gi" }), three)).toContain("11Gi needed")
})

test("a volume mode that is converted takes a snapshot", () => {
  const hard = { "count/volumesnapshots.snapshot.storage.k8s.io": "0" }
  expect(words(quota(hard))).toBeUndefined()
  expect(words(quota(hard), [clone({ isConverted: true })])).toContain("1 needed")
})

test("an extended resource, a request left out, overhead of the runtime class", () => {
  const containers = [{ requests: {}, limits: { cpu: "1", "devices.kubevirt.io/kvm": "1" }, ports: [] }]
  const restore = pod("restore", { containers, overhead: { memory: "100Mi" } })
  const short = (hard: Record<string, string>) => words(quota(hard), [], [restore])
  expect(short({ "requests.devices.kubevirt.io/kvm": "0" })).toContain("0 of 0 used, 1 needed")
  expect(short({ "requests.cpu": "500m" })).toContain("0 of 500m used, 1 needed")
  expect(short({ "requests.memory": "64Mi" })).toContain("100Mi needed")
})

const bare = [pod("target", { containers: [{ requests: {}, limits: {}, ports: [] }] })]
const important = [pod("target", { priorityClassName: "gold" })]

test.each([
  ["pods that end by themselves", scoped("Terminating"), pods, true],
  ["pods that don't", scoped("NotTerminating"), pods, false],
  ["pods without requests", scoped("BestEffort"), pods, false],
  ["pods without requests, and ours have none", scoped("BestEffort"), bare, true],
  ["pods with requests", scoped("NotBestEffort"), pods, true],
  ["pods with requests, and ours have none", scoped("NotBestEffort"), bare, false],
  ["pods of a priority class", scoped("PriorityClass"), pods, false],
  ["pods of a priority class, and ours have one", scoped("PriorityClass"), important, true],
  ["pods of this priority class", scoped("PriorityClass", "In", "gold"), important, true],
  ["pods of that priority class", scoped("PriorityClass", "In", "iron"), important, false],
  ["pods not of that priority class", scoped("PriorityClass", "NotIn", "iron"), important, true],
  ["pods without a priority class", scoped("PriorityClass", "DoesNotExist"), pods, true],
  ["pods near those of other namespaces", scoped("CrossNamespacePodAffinity"), pods, false],
  [
    "two scopes, one doesn't hold",
    { scopes: [...scoped("Terminating").scopes, ...scoped("BestEffort").scopes] },
    pods,
    false,
  ],
])("a quota for %s", (_, scopes, of, counts) => {
  const short = words(quota({ pods: "0", persistentvolumeclaims: "0" }, scopes), clones, of)
  expect(short).toBe(counts ? `ResourceQuota compute has no room: pods: 0 of 0 used, ${of.length} needed` : undefined)
})
