import * as fc from "fast-check"
import { expect, test } from "vitest"
import type { KubeObject } from "../../../src/kube/objects.ts"
import { SESSION_UID_LABEL } from "../../../src/api/labels.ts"
import { keyOf, ObjectStore } from "../../../src/kube/store.ts"

const object = (namespace: string | undefined, name: string, session?: string): KubeObject => ({
  metadata: { name, namespace, ...(session !== undefined && { labels: { [SESSION_UID_LABEL]: session } }) },
})

test("found by name, namespace and session", () => {
  const store = new ObjectStore()
  const [a, b, cluster] = [object("shop", "a", "1"), object("shop", "b", "1"), object(undefined, "c")]
  for (const one of [a, b, cluster]) store.set(one)
  expect(store.get("shop", "a")).toBe(a)
  expect(store.get("", "c")).toBe(cluster)
  expect(store.inNamespace("shop")).toEqual([a, b])
  expect(store.bySession("1")).toEqual([a, b])
  expect([store.get("other", "a"), store.inNamespace("other"), store.bySession("2")]).toEqual([undefined, [], []])
})

test("the indexes agree with the objects, whatever was written and deleted", () => {
  const name = fc.constantFrom("a", "b", "c")
  const namespace = fc.constantFrom("x", "y")
  const session = fc.option(fc.constantFrom("1", "2"), { nil: undefined })
  const step = fc.tuple(fc.boolean(), namespace, name, session)
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const store = new ObjectStore()
      const model = new Map<string, KubeObject>()
      for (const [sets, namespace, name, session] of steps) {
        const one = object(namespace, name, session)
        if (sets) store.set(one)
        else store.delete(keyOf(one))
        if (sets) model.set(keyOf(one), one)
        else model.delete(keyOf(one))
      }
      const all = [...model.values()]
      expect(new Set(store.list())).toEqual(new Set(all))
      for (const uid of ["1", "2"])
        expect(new Set(store.bySession(uid))).toEqual(
          new Set(all.filter(({ metadata }) => metadata?.labels?.[SESSION_UID_LABEL] === uid)),
        )
      for (const space of ["x", "y"])
        expect(new Set(store.inNamespace(space))).toEqual(
          new Set(all.filter(({ metadata }) => metadata?.namespace === space)),
        )
    }),
  )
})
