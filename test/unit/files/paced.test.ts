import { expect, test } from "vitest"
import { paced } from "../../../src/files/paced.ts"

test("says so while nothing comes, and loses nothing", async () => {
  const step = Promise.withResolvers<void>()
  async function* items() {
    yield 1
    await step.promise
    yield 2
  }
  const all: (number | undefined)[] = []
  for await (const item of paced(items(), 5)) {
    all.push(item)
    if (all.filter((item) => item === undefined).length === 2) step.resolve()
  }
  expect(all.filter((item) => item !== undefined)).toEqual([1, 2])
  expect(all.filter((item) => item === undefined).length).toBeGreaterThanOrEqual(2)
})

test("leaving ends what it reads, a failure passes through", async () => {
  let ended = 0
  async function* items() {
    try {
      yield 1
      throw new Error("broken")
    } finally {
      ended++
    }
  }
  for await (const _ of paced(items(), 1000)) break
  expect(ended).toBe(1)
  await expect(async () => {
    for await (const _ of paced(items(), 1000));
  }).rejects.toThrow("broken")
})
