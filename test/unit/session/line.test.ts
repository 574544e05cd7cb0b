import * as fc from "fast-check"
import { expect, test } from "vitest"
import { inOrder, type InLine, movedUp, placeOf, turns } from "../../../src/session/line.ts"

/** "a1" waits in namespace a, "a1-" waits there for something else; who stands further left came first. */
const line = (text: string): InLine[] =>
  text
    .split(" ")
    .filter(Boolean)
    .map((word, index) => ({
      uid: word.replace("-", ""),
      namespace: word.slice(0, 1),
      createdAt: index,
      mayStart: !word.endsWith("-"),
    }))
const held = (counts: Record<string, number>) => new Map(Object.entries(counts))
const limits = (namespace: number, cluster: number) => ({ namespace, cluster })

test.each<[string, string, Record<string, number>, [number, number], string]>([
  ["nobody waits", "", { a: 1 }, [2, 2], ""],
  ["one place in the namespace", "a1 a2", { a: 1 }, [2, 0], "a1"],
  ["one place in the cluster", "a1 b1", { c: 1 }, [0, 2], "a1"],
  ["no place", "a1 b1", { a: 1, b: 1 }, [1, 2], ""],
  ["a full namespace holds nobody else up", "a1 a2 b1", { a: 2 }, [2, 3], "b1"],
  ["who fills a namespace up lets others pass", "a1 a2 b1", {}, [1, 9], "a1 b1"],
  ["who waits for something else lets others pass", "a1- a2", {}, [1, 1], "a2"],
  ["more are in progress than a lowered limit allows", "a1 b1", { a: 5 }, [2, 3], ""],
  ["no limits", "a1 a2 b1", { a: 500 }, [0, 0], "a1 a2 b1"],
])("%s", (_, text, counts, [namespace, cluster], expected) => {
  const next = turns({ waiting: line(text), held: held(counts), limits: limits(namespace, cluster) })
  expect(next.map(({ uid }) => uid).join(" ")).toBe(expected)
})

test.each<[string, string, string, Record<string, number>, [number, number], string]>([
  ["the namespace is full", "a1 b1 a2 a3", "a2", { a: 2 }, [2, 0], "namespace: 2 of 2, 2nd of 3"],
  ["the cluster is full", "a1 b1 a2", "b1", { c: 4 }, [9, 4], "cluster: 4 of 4, 2nd of 3"],
  ["both are", "a1 b1 a2", "a2", { a: 2, b: 2 }, [2, 4], "namespace: 2 of 2, 2nd of 2"],
  [
    "who waits for a namespace is not in the cluster's line",
    "a1 a2 b1",
    "b1",
    { a: 2, b: 1 },
    [2, 3],
    "cluster: 3 of 3, 1st of 1",
  ],
  ["who waits for something else is not counted", "a1- a2 a3-", "a2", { a: 1 }, [1, 0], "namespace: 1 of 1, 1st of 1"],
  ["a place is free, but it is another's turn", "a1 a2", "a2", {}, [1, 0], "namespace: 0 of 1, 2nd of 2"],
  ["the cluster's last place is another's", "a1 b1", "b1", { c: 1 }, [2, 2], "cluster: 1 of 2, 2nd of 2"],
  ["two places are free", "a1 a2", "a2", {}, [2, 2], "its turn"],
  ["it waited for something else until now, and came first", "a1- a2 a3", "a1", {}, [1, 0], "its turn"],
])("%s: where it stands", (_, text, uid, counts, [namespace, cluster], expected) => {
  const all = line(text)
  const one = all.find((each) => each.uid === uid)
  const found = one && placeOf(one, { waiting: all, held: held(counts), limits: limits(namespace, cluster) })
  const words = found && `${found.limit}: ${found.held} of ${found.most}, ${found.position}`
  const ending = ["st", "nd", "rd"][(found?.position ?? 0) - 1]
  expect(found ? `${words}${ending} of ${found.waiting}` : "its turn").toBe(expected)
})

test("a session that nobody has heard of stands where it came", () => {
  const [first, ...others] = line("a1 a2 a3") as [InLine, ...InLine[]]
  const view = { waiting: others, held: held({}), limits: limits(1, 0) }
  expect(placeOf(first, view)).toBeUndefined()
  expect(placeOf({ ...first, createdAt: 1.5 }, view)).toMatchObject({ position: 2, waiting: 3 })
})

test.each<[string, string, string, string]>([
  ["its own namespace, a few of it", "a1 a2 a3 a4 a5 a6 a7", "a1", "a2 a3 a4 a5 a6"],
  ["not those ahead", "a1 a2 a3", "a2", "a3"],
  ["not who waits for something else", "a1 a2- a3", "a1", "a3"],
  ["another namespace that waits for the cluster", "a1 c1 a2", "a1", "c1 a2"],
  ["not another namespace that is full itself", "a1 b1 a2", "a1", "a2"],
])("who moves up: %s", (_, text, uid, expected) => {
  const all = line(text)
  const left = all.find((one) => one.uid === uid) as InLine
  const waiting = all.filter((one) => one !== left)
  const up = movedUp(left, { waiting, held: held({ a: 2, b: 2 }), limits: limits(2, 4) })
  expect(up.map(({ uid }) => uid).join(" ")).toBe(expected)
})

test("who came in the same second is in the order of the UIDs", () => {
  const all = ["b", "c", "a"].map((uid) => ({ uid, namespace: "n", createdAt: 1, mayStart: true }))
  expect(all.sort(inOrder).map(({ uid }) => uid)).toEqual(["a", "b", "c"])
})

const anyLine = fc
  .array(fc.record({ namespace: fc.constantFrom("a", "b", "c"), mayStart: fc.boolean() }), { maxLength: 12 })
  .map((all) => all.map((one, index): InLine => ({ ...one, uid: String(index), createdAt: index })))
const anyHeld = fc.record({ a: fc.nat(3), b: fc.nat(3), c: fc.nat(3) }).map((counts) => held(counts))
const anyLimits = fc.record({ namespace: fc.nat(4), cluster: fc.nat(8) })

test("no limit is passed, no place stays empty, nobody is overtaken, and everybody is told the same", () => {
  fc.assert(
    fc.property(anyLine, anyHeld, anyLimits, (all, before, most) => {
      const next = turns({ waiting: all, held: before, limits: most })
      const after = (namespace: string) =>
        (before.get(namespace) ?? 0) + next.filter((one) => one.namespace === namespace).length
      const total = after("a") + after("b") + after("c")
      const isFull = (namespace: string) =>
        (most.namespace > 0 && after(namespace) >= most.namespace) || (most.cluster > 0 && total >= most.cluster)
      for (const { namespace } of next) {
        expect(after(namespace)).toBeLessThanOrEqual(most.namespace || Number.POSITIVE_INFINITY)
        expect(total).toBeLessThanOrEqual(most.cluster || Number.POSITIVE_INFINITY)
      }
      for (const one of all.filter(({ mayStart }) => mayStart)) {
        const found = placeOf(one, { waiting: all, held: before, limits: most })
        expect(found === undefined).toBe(next.includes(one))
        if (found === undefined) continue
        expect(isFull(one.namespace)).toBe(true)
        const later = next.filter((other) => other.namespace === one.namespace && inOrder(other, one) > 0)
        expect(later).toEqual([])
        expect(found.position).toBeLessThanOrEqual(found.waiting)
      }
    }),
    { numRuns: 500 },
  )
})
