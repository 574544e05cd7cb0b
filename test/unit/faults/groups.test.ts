import { expect, test } from "vitest"
import { groups, quickFaults } from "../../faults/groups.ts"

test("no two faults have the same name", () => {
  const names = groups.flatMap(({ faults }) => faults.map(({ name }) => name))
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
})

test("npm test plays ten at most, and none that needs a stage of its own", () => {
  expect(quickFaults.length).toBeLessThanOrEqual(10)
  expect(quickFaults.filter(({ needs }) => needs)).toEqual([])
})
