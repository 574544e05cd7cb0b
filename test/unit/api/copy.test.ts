import { expect, test } from "vitest"
import { copySpec } from "../../../src/api/copy.ts"
import { copyChanges, copyExamples } from "../../support/copy-examples.ts"

test.each(copyExamples.map((example) => [example.name, example] as const))("%s", (_, { spec, refused }) => {
  const result = copySpec.safeParse(spec)
  expect(result.success).toBe(refused === undefined)
  const messages = result.error?.issues.map(({ message }) => message).join("; ") ?? ""
  expect(messages).toContain(typeof refused === "string" ? refused : "")
})

test("every spec of a change is a valid spec by itself", () => {
  for (const { from, to } of copyChanges) {
    expect(copySpec.safeParse(from).success).toBe(true)
    expect(copySpec.safeParse(to).success).toBe(true)
  }
})

test("defaults are filled in", () => {
  const paths = [{ volume: "data", path: "/" }]
  const destination = { persistentVolumeClaim: { name: "restored" } }
  expect(copySpec.parse({ session: { name: "orders" }, paths, destination })).toEqual({
    session: { name: "orders", close: false },
    paths,
    destination: { ...destination, directory: "/" },
    conflict: "Fail",
  })
})
