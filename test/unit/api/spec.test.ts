import { expect, test } from "vitest"
import { sessionSpec } from "../../../src/api/spec.ts"
import { specChanges } from "../../support/spec-changes.ts"
import { specExamples } from "../../support/spec-examples.ts"

test.each(specExamples.map((example) => [example.name, example] as const))("%s", (_, { spec, refused }) => {
  const result = sessionSpec.safeParse(spec)
  expect(result.success).toBe(refused === undefined)
  const messages = result.error?.issues.map(({ message }) => message).join("; ") ?? ""
  expect(messages).toContain(typeof refused === "string" ? refused : "")
})

test("every spec of a change is a valid spec by itself", () => {
  for (const { from, to } of specChanges) {
    expect(sessionSpec.safeParse(from).success).toBe(true)
    expect(sessionSpec.safeParse(to).success).toBe(true)
  }
})

test("defaults are filled in", () => {
  expect(sessionSpec.parse({ source: { persistentVolumeClaims: [{ name: "data" }] } })).toEqual({
    source: { persistentVolumeClaims: [{ name: "data" }] },
    recoveryPoint: {},
    journal: "Replay",
    verifySource: false,
    desiredState: "Mounted",
    ttl: "12h",
  })
})
