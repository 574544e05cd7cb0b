import { expect, test } from "vitest"
import { type LabelSelector, selects } from "../../../src/session/label-selector.ts"

const labels = { app: "db", tier: "" }
const expression = (key: string, operator: string, ...values: string[]): LabelSelector => ({
  matchExpressions: [{ key, operator, values }],
})

test.each<[string, LabelSelector, boolean]>([
  ["nothing asked for", {}, true],
  ["empty lists", { matchLabels: {}, matchExpressions: [] }, true],
  ["the label", { matchLabels: { app: "db" } }, true],
  ["an empty label", { matchLabels: { tier: "" } }, true],
  ["another value", { matchLabels: { app: "web" } }, false],
  ["a label that isn't there", { matchLabels: { zone: "a" } }, false],
  ["a name that every object has", { matchLabels: { constructor: "x" } }, false],
  ["one of two labels", { matchLabels: { app: "db", zone: "a" } }, false],
  ["In, with the value", expression("app", "In", "web", "db"), true],
  ["In, without the value", expression("app", "In", "web"), false],
  ["In, no such label", expression("zone", "In", "a"), false],
  ["NotIn, with the value", expression("app", "NotIn", "db"), false],
  ["NotIn, without the value", expression("app", "NotIn", "web"), true],
  ["NotIn, no such label", expression("zone", "NotIn", "a"), true],
  ["Exists", expression("tier", "Exists"), true],
  ["Exists, no such label", expression("zone", "Exists"), false],
  ["DoesNotExist", expression("zone", "DoesNotExist"), true],
  ["DoesNotExist, the label is there", expression("app", "DoesNotExist"), false],
  ["an operator nobody knows", expression("app", "Gt", "1"), false],
  ["labels hold and an expression doesn't", { matchLabels: { app: "db" }, ...expression("app", "NotIn", "db") }, false],
])("%s", (_, selector, expected) => expect(selects(selector, labels)).toBe(expected))
