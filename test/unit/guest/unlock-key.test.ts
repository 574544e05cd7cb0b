import { expect, test } from "vitest"
import { attempts, unusable } from "../../../src/guest/unlock-key.ts"
import { Sensitive } from "../../../src/observability/sensitive.ts"

const key = (value: string | undefined) => ({
  name: "k",
  value: value === undefined ? undefined : new Sensitive(Buffer.from(value, "latin1")),
})

test.each<[string, string[], string[]]>([
  ["a passphrase", ["secret"], ["secret"]],
  ["a passphrase with a line end", ["secret\n"], ["secret", "secret\n"]],
  ["a passphrase with the line end of Windows", ["secret\r\n"], ["secret", "secret\r\n"]],
  ["a passphrase with two line ends: one is taken off", ["secret\n\n"], ["secret\n", "secret\n\n"]],
  ["a passphrase with a blank", ["secret \t"], ["secret \t"]],
  ["a lone carriage return", ["secret\r"], ["secret\r"]],
  ["bytes", ["\0\xff\n\0"], ["\0\xff\n\0"]],
  ["nothing but a line end", ["\n"], ["\n"]],
  ["several: the likely readings first", ["a\n", "b", "c\n"], ["a", "b", "c", "a\n", "c\n"]],
  ["none", [], []],
  ["an empty one", ["", "a"], ["a"]],
])("%s", (_, values, expected) => {
  expect(attempts(values.map((value) => key(value))).map(({ reading }) => reading.toString("latin1"))).toEqual(expected)
})

test.each<[string | undefined, string | undefined]>([
  [undefined, "Absent"],
  ["", "Empty"],
  ["\n", undefined],
  ["x".repeat(1_048_576), undefined],
  ["x".repeat(1_048_577), "Longer than 1048576 bytes"],
])("%#", (value, expected) => expect(unusable(key(value))).toBe(expected))
