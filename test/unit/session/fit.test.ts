import * as fc from "fast-check"
import { expect, test } from "vitest"
import type { SessionStatus, VolumeStatus } from "../../../src/api/status.ts"
import { escape, fit, fits } from "../../../src/session/fit.ts"
import { startedStatus } from "../../support/observed.ts"

const volume = (index: number, label = "x"): VolumeStatus => ({
  path: `v${index}`,
  state: "Mounted",
  label,
  stack: Array.from({ length: 40 }, () => "y".repeat(300)),
})
const volumes = (count: number) => Array.from({ length: count }, (_, index) => volume(index))

test.each([
  ["plain", "plain"],
  ["a\u001b[31mred", "a\\u{1b}[31mred"],
  ["abc\u202eexe.txt", "abc\\u{202e}exe.txt"],
  ["two\nlines\tand a tab", "two lines and a tab"],
  ["zero\u0000", "zero\\u{0}"],
  ["Größe 😀", "Größe 😀"],
  ["half \ud83d", "half \ufffd"],
])("%j is shown as %j", (text, shown) => expect(escape(text, 100)).toBe(shown))

test("a text that is too long ends in dots", () => expect(escape("x".repeat(20), 10)).toBe("xxxxxxx..."))

test.each([
  [1e300, Number.MAX_SAFE_INTEGER],
  [2 ** 63, Number.MAX_SAFE_INTEGER],
  [Infinity, Number.MAX_SAFE_INTEGER],
  [-5, 0],
  [0.5, 0],
  [NaN, 0],
  [1_099_511_627_776, 1_099_511_627_776],
])("a size of %d, which a hostile disk may claim, is written as %d", (claimed, sizeBytes) => {
  const status = fit({ ...startedStatus, volumes: [{ path: "v", state: "Incomplete", sizeBytes: claimed }] })
  expect(status.volumes?.[0]?.sizeBytes).toBe(sizeBytes)
})

test("many volumes are cut to what fits, the number of all stays", () => {
  const whole: SessionStatus = { ...startedStatus, volumes: volumes(500), volumeCount: 500 }
  const { volumes: told = [], volumeCount } = fit(whole)
  expect(told.length).toBeGreaterThan(8)
  expect(told.length).toBeLessThanOrEqual(128)
  expect(volumeCount).toBe(500)
})

/** Disks whose names take so much room that not all of a status fits. */
const disks = (count: number, hashes: object) =>
  Array.from({ length: count }, (_, index) => ({
    name: `${"x".repeat(250)}${index}`,
    sizeBytes: 1,
    serial: `s${index}`,
    source: `VolumeSnapshot/${"y".repeat(250)}`,
    ...hashes,
  }))
const sha256Before = "0".repeat(64)

test("volumes give way to disks; these, too, give way, unless they hold what is known from nowhere else", () => {
  const many: SessionStatus = { ...startedStatus, volumes: volumes(50), disks: disks(64, {}) }
  expect(fit(many).disks).toHaveLength(64)
  expect(fit({ ...many, disks: disks(120, {}) })).not.toHaveProperty("disks")
  expect(fit({ ...many, disks: disks(120, { sha256Before }) }).disks).toHaveLength(120)
})

test("a status fits only if there is room for the second hash of each disk", () => {
  const most = (hashes: object) => {
    let count = 1
    while (fits({ ...startedStatus, disks: disks(count + 1, hashes) })) count += 1
    return count
  }
  const [before, both] = [most({ sha256Before }), most({ sha256Before, sha256After: sha256Before })]
  expect(both - before).toBeGreaterThanOrEqual(0)
  expect(both - before).toBeLessThanOrEqual(1)
})

test("128 ordinary volumes fit", () => {
  const small = Array.from({ length: 200 }, (_, index): VolumeStatus => ({
    path: `data-p${index}`,
    state: "Mounted",
    filesystem: "ext4",
    sizeBytes: 1,
    stack: ["disk data", "gpt partition 1"],
  }))
  expect(fit({ ...startedStatus, volumes: small }).volumes).toHaveLength(128)
})

test("whatever the texts are, the result fits and stays as it is", () => {
  // fast-check's own units that hold such characters take seconds
  const character = fc.constantFrom("a", "é", "😀", "\u0000", "\u001b", "\u202e", "\u2028", "\ud800", "\\", "\n", '"')
  const text = fc.string({ unit: character, maxLength: 10 }).map((part) => part.repeat(30))
  const arbitrary = fc.record({
    conditions: fc.array(
      fc.record({
        type: fc.constant("Ready"),
        status: fc.constant("False" as const),
        reason: text,
        message: text,
        lastTransitionTime: text,
      }),
      { maxLength: 8 },
    ),
    volumes: fc.array(
      fc.record({
        path: text,
        state: fc.constant("Corrupt" as const),
        label: text,
        system: fc.record({ os: text, version: text, hostName: text }),
        mountPoint: text,
        stack: fc.array(text, { maxLength: 5 }),
      }),
      { maxLength: 200 },
    ),
    release: fc.record({ reason: text, message: text }),
  })
  fc.assert(
    fc.property(arbitrary, (status) => {
      const once = fit(status)
      expect(fits(once)).toBe(true)
      expect(fit(once)).toEqual(once)
      expect(JSON.stringify(once)).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    }),
    { numRuns: 30 },
  )
})
