import { expect, test } from "vitest"
import { readings } from "../../../src/guest/unlock-key.ts"

test.each<[string, string, string[]]>([
  ["a passphrase", "secret", ["secret"]],
  ["a passphrase with a line end", "secret\n", ["secret", "secret\n"]],
  ["a passphrase with the line end of Windows", "secret\r\n", ["secret", "secret\r\n"]],
  ["a passphrase with two line ends: one is taken off", "secret\n\n", ["secret\n", "secret\n\n"]],
  ["a passphrase with a blank", "secret \t", ["secret \t"]],
  ["a lone carriage return", "secret\r", ["secret\r"]],
  ["bytes", "\0\xff\n\0", ["\0\xff\n\0"]],
  ["nothing", "", []],
  ["nothing but a line end", "\n", ["\n"]],
])("%s", (_, value, expected) => {
  expect(readings(Buffer.from(value, "latin1")).map((one) => one.toString("latin1"))).toEqual(expected)
})
