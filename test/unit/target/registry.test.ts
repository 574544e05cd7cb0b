import { expect, test } from "vitest"
import { SessionRegistry, type Member } from "../../../src/target/registry.ts"

function member(initiatorName: string, isid: string) {
  const said: string[] = []
  const one: Member = {
    initiatorName,
    isid: Buffer.from(isid),
    replace: () => said.push("replaced"),
    askToLogOut: () => said.push("asked"),
    destroy: () => said.push("destroyed"),
  }
  return { one, said }
}

test("the same initiator and ISID reinstates: the old session ends, the new one stays", () => {
  const registry = new SessionRegistry()
  const [old, now] = [member("a", "000001"), member("a", "000001")]
  const handles = [registry.admit(old.one), registry.admit(now.one)]
  registry.remove(old.one)
  expect([old.said, now.said, registry.size]).toEqual([["replaced"], [], 1])
  expect(handles).not.toContain(0)
  expect(handles[0]).not.toBe(handles[1])
})

test("another ISID or another initiator is another session", () => {
  const registry = new SessionRegistry()
  for (const [name, isid] of [
    ["a", "000001"],
    ["a", "000002"],
    ["b", "000001"],
  ] as const)
    registry.admit(member(name, isid).one)
  expect(registry.size).toBe(3)
})

test("release asks everybody and resolves when the last one is gone", async () => {
  const registry = new SessionRegistry()
  const [a, b] = [member("a", "000001"), member("b", "000001")]
  registry.admit(a.one)
  registry.admit(b.one)
  let released = false
  const release = registry.release().then(() => (released = true))
  expect([a.said, b.said, registry.refusing]).toEqual([["asked"], ["asked"], true])
  registry.remove(a.one)
  await Promise.resolve()
  expect(released).toBe(false)
  registry.remove(b.one)
  expect(await release).toBe(true)
})

test("release of a target without sessions is over at once", async () => {
  await expect(new SessionRegistry().release()).resolves.toBeUndefined()
})
