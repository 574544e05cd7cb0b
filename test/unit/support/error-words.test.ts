import { expect, test } from "vitest"
import { wordsOf } from "../../support/error-words.ts"

test("an error whose clean-up failed as well says both, the first one first", async () => {
  const both = await disposed().catch((error: unknown) => error)
  expect(wordsOf(both)).toBe("the strike failed; and then, while it was undone: the undo failed")
})

test("errors that came together are all said", () => {
  expect(wordsOf(new AggregateError([new Error("one"), "two"]))).toBe("one; two")
})

async function disposed(): Promise<void> {
  await using stack = new AsyncDisposableStack()
  stack.defer(() => Promise.reject(new Error("the undo failed")))
  throw new Error("the strike failed")
}
