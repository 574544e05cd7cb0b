import { expect, test } from "vitest"
import { isQemu, parseStat, treeOf } from "../../bench/processes.ts"

const stat = (pid: number, name: string, parent: number, ticks: readonly number[]) =>
  `${pid} (${name}) S ${parent} 1 1 0 -1 4194304 10 20 30 40 ${ticks.join(" ")} 20 0 1 0 100`

test("a process's own CPU time, and that of children that have ended", () => {
  expect(parseStat(stat(7, "odd ) name", 3, [150, 50, 25, 75]))).toEqual({
    pid: 7,
    parent: 3,
    name: "odd ) name",
    cpuSeconds: 2,
    childrenCpuSeconds: 1,
  })
  expect(parseStat("")).toBeUndefined()
})

test("a process and all below it, and which of them is QEMU", () => {
  const all = [
    [1, "init", 0],
    [2, "node", 1],
    [3, "qemu-system-x86_64", 2],
    [4, "qemu-system-x86_64", 1],
  ] as const
  const found = all.flatMap(([pid, name, parent]) => parseStat(stat(pid, name, parent, [0, 0, 0, 0])) ?? [])
  const tree = treeOf(2, new Map(found.map((one) => [one.pid, one])))
  expect(tree.map(({ pid }) => pid)).toEqual([2, 3])
  expect(tree.filter(isQemu).map(({ pid }) => pid)).toEqual([3])
})
