import { expect, test } from "vitest"
import { Slots } from "../../../src/initiator/slots.ts"

test("never more at once than there are slots, in the order asked, a failure frees its slot", async () => {
  const slots = new Slots(2)
  const started: number[] = []
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<number>())
  const results = gates.map((gate, index) =>
    slots.use(() => {
      started.push(index)
      return gate.promise
    }),
  )
  expect(started).toEqual([0, 1])
  gates[1]?.reject(new Error("gone"))
  await expect(results[1]).rejects.toThrow("gone")
  expect(started).toEqual([0, 1, 2])
  gates.forEach((gate, index) => gate.resolve(index))
  expect(await Promise.all([results[0], results[2], results[3], results[4]])).toEqual([0, 2, 3, 4])
  expect(started).toEqual([0, 1, 2, 3, 4])
})
