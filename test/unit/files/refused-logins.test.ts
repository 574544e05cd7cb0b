import { expect, test } from "vitest"
import { refusedLogins } from "../../../src/files/refused-logins.ts"

test("a flood of refused logins is told of once a second, and counted", () => {
  const told: [refused: number, client: string | undefined][] = []
  let now = 0
  const { refused, flush } = refusedLogins(
    (...all) => void told.push(all),
    () => now,
  )
  for (now = 0; now <= 2000; now += 10) refused(`10.0.0.${now % 7}`)
  expect(told.map(([count]) => count)).toEqual([1, 100, 100])
  expect(told[0]).toEqual([1, "10.0.0.0"])
  refused("10.0.0.9")
  flush()
  flush()
  expect(told.slice(3)).toEqual([[1, "10.0.0.9"]])
})
