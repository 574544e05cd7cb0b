import { expect, test } from "vitest"
import type { Result } from "../../faults/play.ts"
import { table } from "../../faults/report.ts"

const good: Result = {
  fault: "target killed",
  session: [
    { what: "TargetLost", message: "" },
    { what: "Ready", message: "" },
  ],
  seconds: 12.34,
  objects: { before: 148, after: 148 },
  wrongBytes: 0,
  deviations: [],
}

test("a line per fault, and every deviation below", () => {
  const bad = {
    ...good,
    fault: "disk",
    seconds: undefined,
    wrongBytes: 1,
    deviations: ["1 bytes wrong", "left: Pod x"],
  }
  expect(table([good, bad])).toBe(
    [
      "fault          what the session did  seconds  objects     bytes wrong",
      "target killed  TargetLost, Ready     12.3     148 -> 148  0",
      "disk           TargetLost, Ready     -        148 -> 148  1",
      "",
      "FAILED disk: 1 bytes wrong",
      "FAILED disk: left: Pod x",
      "2 faults, 1 failed",
    ].join("\n"),
  )
})
