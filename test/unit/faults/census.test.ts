import { expect, test } from "vitest"
import { Census } from "../../faults/census.ts"

const mount = (twin: number, id: string): [string, string] => {
  const path = `/run/containerd/task/${id.repeat(64)}/rootfs`
  return [`mount n1 ${path} ${twin}`, `mount on n1: ${path}`]
}
const token = (id: string) =>
  `mount on n1: /var/lib/kubelet/pods/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f/volumes/kubernetes.io~projected/kube-api-access-${id}`
const before: [string, string][] = [
  ["Pod a", "Pod file-recovery/file-recovery-6f7-abcde"],
  ["PersistentVolumeClaim b", "PersistentVolumeClaim shop/ledger"],
  ["CustomResourceDefinition c", "CustomResourceDefinition filerecoverysessions.filerecovery.dev"],
  ["Node d", "Node n2"],
  ["ClusterRole e", "ClusterRole file-recovery-edit"],
  ["Secret f", "Secret file-recovery/file-recovery-authority"],
  ["Secret g", "Secret file-recovery/sh.helm.release.v1.file-recovery.v7"],
  ["Secret h", "Secret file-recovery/sh.helm.release.v1.file-recovery.v8"],
  ["EndpointSlice i", "EndpointSlice file-recovery/file-recovery-metrics-b4x9z"],
  ["IPAddress j", "IPAddress 10.96.36.189"],
  ["mount n1 t 0", token("cfwbh")],
  mount(0, "a"),
]
const without = (key: string) => before.filter(([one]) => one !== key)

test.each<[string, [string, string][], string[], string[]]>([
  ["as before", before, [], []],
  [
    "another pod of the operator",
    [...without("Pod a"), ["Pod x", "Pod file-recovery/file-recovery-6f7-xyzzy"]],
    [],
    [],
  ],
  [
    "a definition made again",
    [
      ...without("CustomResourceDefinition c"),
      ["CustomResourceDefinition x", "CustomResourceDefinition filerecoverysessions.filerecovery.dev"],
    ],
    [],
    [],
  ],
  ["another node of the same name", [...without("Node d"), ["Node x", "Node n2"]], [], []],
  [
    "the chart uninstalled and installed again",
    [
      ...before.filter(([key]) => !/^(ClusterRole|Secret|EndpointSlice|IPAddress|mount n1 t) /.test(key)),
      ["IPAddress x", "IPAddress 10.96.106.66"],
      ["mount n1 u 0", token("j7zsc")],
      ["ClusterRole x", "ClusterRole file-recovery-edit"],
      ["Secret x", "Secret file-recovery/file-recovery-authority"],
      ["Secret y", "Secret file-recovery/sh.helm.release.v1.file-recovery.v1"],
      ["EndpointSlice x", "EndpointSlice file-recovery/file-recovery-metrics-aaaaa"],
    ],
    [],
    [],
  ],
  [
    "something of the chart is gone",
    without("ClusterRole e").filter(([key]) => key !== "Secret f"),
    [],
    ["ClusterRole file-recovery-edit", "Secret file-recovery/file-recovery-authority"],
  ],
  ["an address too many", [...before, ["IPAddress x", "IPAddress 10.96.1.2"]], ["an address of a Service"], []],
  [
    "the account of a hook is left",
    [...before, ["ClusterRole x", "ClusterRole file-recovery-release-all"]],
    ["ClusterRole file-recovery-release-all"],
    [],
  ],
  ["somebody's role is new", [...before, ["ClusterRole x", "ClusterRole view"]], ["ClusterRole view"], []],
  ["another container's mount", [...before.slice(0, -1), mount(0, "b")], [], []],
  ["a mount too many", [...before, mount(0, "b")], ["mount: /run/containerd/task/<id>/rootfs"], []],
  ["a pod of a session", [...before, ["Pod y", "Pod shop/frsess-x-target-0"]], ["Pod shop/frsess-x-target-0"], []],
  [
    "two pods of the operator too many",
    [...before, ["Pod y", "Pod file-recovery/y"], ["Pod z", "Pod file-recovery/z"]],
    ["2 times a pod of file-recovery"],
    [],
  ],
  ["somebody's claim is gone", without("PersistentVolumeClaim b"), [], ["PersistentVolumeClaim shop/ledger"]],
  [
    "somebody's claim is another",
    [...without("PersistentVolumeClaim b"), ["PersistentVolumeClaim x", "PersistentVolumeClaim shop/ledger"]],
    ["PersistentVolumeClaim shop/ledger"],
    ["PersistentVolumeClaim shop/ledger"],
  ],
])("%s", (_, after, left, lost) => {
  const [then, now] = [new Census(new Map(before)), new Census(new Map(after))]
  expect(now.without(then)).toEqual(left)
  expect(then.without(now)).toEqual(lost)
})
