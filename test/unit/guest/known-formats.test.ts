import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { mountable, unreadable } from "../../../src/guest/known-formats.ts"

const mountScript = readFileSync(new URL("../../../appliance/volume", import.meta.url), "utf8")

test("what the host calls mountable is what the guest mounts", () => {
  const types = /case \$type in\n(.*?)\n {2}esac/s.exec(mountScript)?.[1] ?? ""
  const patterns = [...types.matchAll(/^ {4}([a-z0-9 |]+)\)/gm)].flatMap(([, words = ""]) => words.split(" | "))
  expect(patterns.sort()).toEqual([...mountable].sort())
})

test("nothing is both", () => {
  expect([...unreadable.keys()].filter((type) => mountable.has(type))).toEqual([])
})
