import * as fc from "fast-check"
import { expect, test } from "vitest"
import { TarCounter } from "../../../../src/files/tar/counter.ts"
import { type Member, tarBytes } from "../../../support/tar-bytes.ts"

function counted(bytes: Buffer, chunk: number): TarCounter {
  const counter = new TarCounter()
  for (let at = 0; at < bytes.length; at += chunk) counter.push(bytes.subarray(at, at + chunk))
  return counter
}
const count = (bytes: Buffer, chunk: number) => counted(bytes, chunk).files

const members: Member[] = [
  { name: "d/", type: "5" },
  { name: "d/a", body: "x".repeat(700) },
  { name: "d/b", type: "1", link: "d/a" },
  { name: "d/c", body: "", pax: { path: "long" } },
  { name: "././@LongLink", type: "L", body: "n".repeat(600) },
  { name: "d/e", body: "y".repeat(512) },
  { name: "d/large", size: 0, body: "z".repeat(1000), pax: { size: "1000" } },
  { name: "d/l", type: "2", link: "x" },
  { name: "d/f", body: "z" },
]

test.each([1, 100, 512, 5000, 100_000])("counts regular files, in chunks of %i bytes", (chunk) => {
  expect(count(tarBytes(members), chunk)).toBe(5)
})

test.each([1, 100, 512, 5000, 100_000])("tells where the archive ends, in chunks of %i bytes", (chunk) => {
  const whole = Buffer.concat([tarBytes(members, { end: false }), Buffer.alloc(30_000)])
  expect(counted(whole, chunk).end).toBe(whole.length - 30_000)
  expect(counted(tarBytes(members, { end: false }), chunk).end).toBeUndefined()
})

test("stops counting at the end and at what it doesn't understand", () => {
  expect(count(Buffer.concat([tarBytes(members), tarBytes(members)]), 1000)).toBe(5)
  expect(
    count(Buffer.concat([tarBytes(members, { end: false }), Buffer.alloc(5000, "?"), tarBytes(members)]), 1000),
  ).toBe(5)
})

test("whatever passes by, it never fails", () => {
  const anything = fc.tuple(fc.uint8Array({ maxLength: 3000 }), fc.integer({ min: 1, max: 600 }))
  expect(() =>
    fc.assert(fc.property(anything, ([bytes, chunk]) => count(Buffer.from(bytes), chunk) >= 0)),
  ).not.toThrow()
})
