import { createCipheriv } from "node:crypto"
import { expect, test } from "vitest"
import { KnownFile, knownStart } from "../../faults/known-file.ts"

const bytes = 5000
const cipher = createCipheriv("aes-128-ctr", Buffer.from("faultfaultfaultf"), Buffer.alloc(16))
const whole = cipher.update(Buffer.alloc(bytes))
const wrongAt = (...positions: number[]) =>
  Buffer.from(whole.map((byte, i) => (positions.includes(i) ? byte ^ 0x01 : byte)))

test.each([
  ["all of it in one piece", [whole], 0],
  ["all of it in many pieces", Array.from({ length: 50 }, (_, i) => whole.subarray(i * 100, i * 100 + 100)), 0],
  ["one wrong byte", [wrongAt(4097)], 1],
  ["wrong bytes in several pieces", [wrongAt(0).subarray(0, 10), wrongAt(11, 4999).subarray(10)], 3],
  ["the end is missing", [whole.subarray(0, 4000)], 1000],
  ["nothing came", [], bytes],
  ["more than there is", [whole, Buffer.from("more")], 4],
])("%s", (_, pieces, wrong) => {
  const known = new KnownFile(bytes)
  for (const piece of pieces) known.take(piece)
  expect(known.end()).toBe(wrong)
})

test("it is found by how it begins", () => {
  expect(Buffer.concat([Buffer.alloc(777), whole]).indexOf(knownStart())).toBe(777)
})
