import { IncomingMessage } from "node:http"
import { Socket } from "node:net"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { KubeError } from "../../../src/kube/errors.ts"
import { type WatchEvent, watchEvents } from "../../../src/kube/watch.ts"

const limits = { silenceMs: 1000, maxLineBytes: 1000 }
const event = (name: string): WatchEvent => ({ type: "ADDED", object: { metadata: { name, resourceVersion: "5" } } })

/** A response whose body comes in these pieces. */
function body(...pieces: Buffer[]): IncomingMessage {
  const response = new IncomingMessage(new Socket())
  for (const piece of pieces) response.push(piece)
  response.push(null)
  return response
}

async function read(response: IncomingMessage): Promise<WatchEvent[]> {
  const events: WatchEvent[] = []
  for await (const one of watchEvents(response, limits)) events.push(one)
  return events
}

test("events come whole, however the stream is cut into pieces", async () => {
  const events = [event("ä"), event("€"), event("𝄞")]
  const bytes = Buffer.from(events.map((one) => `${JSON.stringify(one)}\n`).join("\n"))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: bytes.length })), async (cuts) => {
      const sorted = [0, ...cuts.sort((a, b) => a - b), bytes.length]
      const pieces = sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end))
      expect(await read(body(...pieces.filter(({ length }) => length > 0)))).toEqual(events)
    }),
    { numRuns: 50 },
  )
})

test.each([
  ["cut inside an event", JSON.stringify(event("a")).slice(0, 20), "inside an event"],
  ["not JSON", "garbage\n", "not valid JSON"],
  ["JSON null", "null\n", "no object"],
  ["an object without a name", '{"type":"ADDED","object":{"metadata":{"resourceVersion":"1"}}}\n', "no type, name"],
  [
    "a type nobody knows",
    '{"type":"MOVED","object":{"metadata":{"name":"a","resourceVersion":"1"}}}\n',
    "no type, name",
  ],
  ["a line without end", "x".repeat(2000), "exceeds 1000 bytes"],
])("%s", async (_, text, words) => {
  await expect(read(body(Buffer.from(text)))).rejects.toThrow(words)
})

test("an ERROR event is the API server's error", async () => {
  const text = '{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n'
  const failure = await read(body(Buffer.from(text))).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(KubeError)
  expect(failure).toMatchObject({ status: 410, reason: "Expired", message: "the watch failed: too old" })
})

test("arbitrary bytes are events or an error, never anything else", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      const outcome = await read(body(Buffer.from(bytes))).catch((error: unknown) => error)
      expect(Array.isArray(outcome) || outcome instanceof Error).toBe(true)
    }),
    { numRuns: 50 },
  )
})
