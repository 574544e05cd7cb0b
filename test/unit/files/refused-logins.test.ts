import { expect, test } from "vitest"
import { refusedLogins } from "../../../src/files/refused-logins.ts"
import { createLog } from "../../../src/observability/log.ts"

test("a flood of refused logins: one line a second, which counts them", () => {
  const lines: { client: string; refused: number; reason: string }[] = []
  const write = (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number])
  let now = 0
  const refused = refusedLogins(createLog("info", {}, { write }), () => now)
  for (now = 0; now <= 2000; now += 10) refused(`10.0.0.${now % 7}`)
  expect(lines.map((line) => line.refused)).toEqual([1, 100, 100])
  expect(lines[0]).toMatchObject({ reason: "LoginRefused", client: "10.0.0.0" })
})
