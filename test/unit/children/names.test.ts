import * as fc from "fast-check"
import { expect, test } from "vitest"
import { sessionLabel } from "../../../src/children/metadata.ts"
import { isNameOf, namesOf, podGeneration, shortHash } from "../../../src/children/names.ts"

const of = (name: string) => namesOf({ namespace: "shop", name, uid: "0f5c8a4e-7f1b-4a3a-9f0e-2f1f6d7c9b10" })

test.each([
  ["orders", "frsess-orders-9d54e48d"],
  ["a".repeat(253), `frsess-${"a".repeat(30)}-9d54e48d`],
  [`${"a".repeat(29)}-b`, `frsess-${"a".repeat(29)}-9d54e48d`],
  [`${"a".repeat(28)}.-b`, `frsess-${"a".repeat(28)}-9d54e48d`],
])("%s becomes %s", (name, base) => expect(of(name).base).toBe(base))

test("sessions of the same name have nothing in common", () => {
  expect(namesOf({ namespace: "shop", name: "orders", uid: "another" }).base).not.toBe(of("orders").base)
})

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
const sessionName = fc.stringMatching(new RegExp(`^${label}(\\.${label}){0,4}$`)).filter((name) => name.length <= 253)

test("all names are valid for what they name", () => {
  fc.assert(
    fc.property(sessionName, fc.uuid(), (name, uid) => {
      const names = namesOf({ namespace: "shop", name, uid })
      const objects = [
        names.base,
        names.claim(63),
        names.snapshot(63),
        names.pod("restore", 99),
        names.secret("access"),
        names.policy("target"),
      ]
      for (const one of objects) expect(one).toMatch(new RegExp(`^${label}(\\.${label})*$`))
      for (const role of ["target", "restore"] as const) {
        expect(names.service(role)).toMatch(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/)
        expect(podGeneration(names.pod(role, 7))).toBe(7)
      }
      expect(names.pod("restore", 99).length).toBeLessThanOrEqual(63)
      expect(names.serial(63)).toMatch(/^[A-Za-z0-9-]{1,36}$/)
    }),
    { numRuns: 50 },
  )
})

test.each(["frsess-x", "frsess-x-target-", "frsess-x-target-1x", "", "frsess-x-target--1"])(
  "%j is no pod of ours",
  (name) => {
    expect(podGeneration(name)).toBe(-1)
  },
)

test("the hash is the beginning of SHA-256", () => expect(shortHash("abc")).toBe("ba7816bf"))

test("every name is known again, also by who knows the session's name only from a label", () => {
  fc.assert(
    fc.property(sessionName, fc.uuid(), (name, uid) => {
      const names = namesOf({ namespace: "shop", name, uid })
      const known = (one: string) => isNameOf({ namespace: "shop", name: sessionLabel(name), uid }, one)
      const own = [names.base, names.claim(0), names.pod("target", 1), names.service("restore"), names.snapshot(2)]
      expect(own.filter((one) => !known(one))).toEqual([])
      expect([`${names.base}x`, "data", of("another").claim(0)].filter((one) => known(one))).toEqual([])
    }),
  )
})
