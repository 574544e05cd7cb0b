import * as fc from "fast-check"
import { expect, test } from "vitest"
import { BufferPool } from "../../../src/block/buffer-pool.ts"
import { ByteBudget } from "../../../src/block/byte-budget.ts"
import { counterexample } from "../../support/counterexample.ts"

test("whoever wants more than is left waits, in order, and a single one may want too much", async () => {
  const budget = new ByteBudget(100)
  const went: string[] = []
  expect(budget.take(60)).toBeUndefined()
  const second = budget.take(50)?.then(() => went.push("second"))
  const third = budget.take(10)?.then(() => went.push("third"))
  expect(went).toEqual([])
  budget.give(60)
  await Promise.all([second, third])
  expect(went).toEqual(["second", "third"])
  budget.give(60)
  expect(budget.take(500)).toBeUndefined()
})

test("a pool gives at least what is asked, and what was given back", () => {
  const pool = new BufferPool()
  const property = fc.property(fc.integer({ min: 0, max: 3 << 20 }), (bytes) => {
    const buffer = pool.take(bytes)
    pool.give(buffer)
    return buffer.length >= bytes
  })
  expect(counterexample(property)).toBeUndefined()
  const buffer = pool.take(200_000)
  pool.give(buffer)
  expect(pool.take(100_000)).toBe(buffer)
})
