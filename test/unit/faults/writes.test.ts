import { afterEach, beforeEach, expect, test } from "vitest"
import { type When, Writes } from "../../faults/hands/writes.ts"

/** As the API server asks: one event at a time, and it waits for the answer. */
let writes: Writes
beforeEach(async () => {
  writes = await Writes.listen("127.0.0.1")
})
afterEach(() => writes[Symbol.asyncDispose]())

const ask = async (auditID: string, stage: string, query = "?fieldManager=x"): Promise<number> => {
  const objectRef = { resource: "pods", subresource: "status", name: "a" }
  const requestURI = `/api/v1/namespaces/shop/pods/a/status${query}`
  const event = { auditID, stage, verb: "patch", requestURI, objectRef }
  const body = JSON.stringify({ items: [event] })
  return (await fetch(`http://127.0.0.1:${writes.port}`, { method: "POST", body })).status
}
const begin = (id: string) => ask(id, "RequestReceived")
const end = (id: string) => ask(id, "ResponseComplete")

test.each<[When, string[]]>([
  ["before", ["a 200", "b patch pods/status a", "b 403", "a 200", "c 200", "c 200"]],
  ["after", ["a 200", "b 200", "a 200", "b patch pods/status a", "b 200", "c 200", "c 200"]],
])("something is done %s the second write, of several at once, and only once", async (when, expected) => {
  const log: string[] = []
  writes.await(2, when, async (write) => void log.push(`b ${write}`))
  log.push(`a ${await begin("a")}`)
  log.push(`b ${await begin("b")}`)
  log.push(`a ${await end("a")}`)
  if (when === "after") log.push(`b ${await end("b")}`)
  log.push(`c ${await begin("c")}`, `c ${await end("c")}`)
  expect(log).toEqual(expected)
})

test("nothing is awaited: every write goes on", async () => {
  expect([await begin("a"), await end("a")]).toEqual([200, 200])
})

test("a dry run is no write", async () => {
  const done: string[] = []
  writes.await(1, "before", async (write) => void done.push(write))
  expect(await ask("a", "RequestReceived", "?fieldManager=x&dryRun=All")).toBe(200)
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
