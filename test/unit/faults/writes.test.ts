import { afterEach, beforeEach, expect, test } from "vitest"
import { type When, Writes } from "../../faults/hands/writes.ts"

/** As the API server asks: one event at a time, and it waits for the answer. */
let writes: Writes
beforeEach(async () => {
  writes = await Writes.listen("127.0.0.1")
})
afterEach(() => writes[Symbol.asyncDispose]())

const ask = async (name: string, stage: string, answer: object = {}, query = "?fieldManager=x"): Promise<number> => {
  const objectRef = { resource: "pods", subresource: "status", name }
  const requestURI = `/api/v1/namespaces/shop/pods/${name}/status${query}`
  const event = { stage, verb: "patch", requestURI, objectRef, ...answer }
  const body = JSON.stringify({ items: [event] })
  return (await fetch(`http://127.0.0.1:${writes.port}`, { method: "POST", body })).status
}
const begin = (name: string) => ask(name, "RequestReceived")
const end = (name: string, code = 200, resourceVersion = `${++version}`) => {
  const responseObject = { metadata: { uid: name, resourceVersion } }
  return ask(name, "ResponseComplete", { responseStatus: { code }, responseObject })
}
let version = 0

test.each<[When, string[]]>([
  ["before", ["a 200", "b 200", "refused 409", "b done 200", "patch pods/status c", "c 403", "d 200"]],
  ["after", ["a 200", "b 200", "refused 409", "b done 200", "c 200", "patch pods/status a", "a done 200", "d 200"]],
])("something is done %s the second write that takes effect, and only once", async (when, expected) => {
  const log: string[] = []
  writes.await(2, when, async (write) => void log.push(write))
  log.push(`a ${await begin("a")}`, `b ${await begin("b")}`)
  expect(await end("refused", 409)).toBe(200)
  log.push("refused 409", `b done ${await end("b", 201)}`)
  log.push(`c ${await begin("c")}`)
  if (when === "after") log.push(`a done ${await end("a")}`)
  log.push(`d ${await begin("d")}`)
  expect(log).toEqual(expected)
})

test("nothing is awaited: every write goes on", async () => {
  expect([await begin("a"), await end("a")]).toEqual([200, 200])
})

test("what changes nothing is no write, and what has no version is one", async () => {
  const done: string[] = []
  writes.await(3, "after", async (write) => void done.push(write))
  for (const version of ["1", "1", "1", "2"]) await end("a", 200, version)
  expect(done).toEqual([])
  await ask("b", "ResponseComplete", { responseStatus: { code: 200 } })
  expect(done).toEqual(["patch pods/status b"])
})

test("a dry run is no write", async () => {
  const done: string[] = []
  writes.await(1, "before", async (write) => void done.push(write))
  expect(await ask("a", "RequestReceived", {}, "?fieldManager=x&dryRun=All")).toBe(200)
  expect(done).toEqual([])
  expect(await begin("b")).toBe(403)
})

test("what isn't understood does not go on", async () => {
  const answer = await fetch(`http://127.0.0.1:${writes.port}`, { method: "POST", body: "{" })
  expect(answer.status).toBe(403)
})

test("at rest, every write goes on and nothing is done", async () => {
  const done: string[] = []
  writes.await(1, "before", async (write) => void done.push(write))
  writes.rest()
  expect([await begin("a"), await end("a"), done]).toEqual([200, 200, []])
})
