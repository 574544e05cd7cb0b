import { afterEach, beforeEach, expect, test } from "vitest"
import { type HealthServer, serveHealth } from "../../../src/observability/health.ts"

let server: HealthServer
let reasons: string[]
beforeEach(async () => {
  reasons = []
  server = await serveHealth({ port: 0, notReady: () => reasons, metrics: async () => "a 1\n" })
})
afterEach(() => server.close())

async function ask(path: string, method = "GET"): Promise<[number, string]> {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method })
  return [response.status, await response.text()]
}

test("alive always, ready when nothing is missing, metrics as text", async () => {
  expect([await ask("/livez"), await ask("/healthz"), await ask("/readyz?verbose"), await ask("/metrics")]).toEqual([
    [200, "ok\n"],
    [200, "ok\n"],
    [200, "ok\n"],
    [200, "a 1\n"],
  ])
  reasons = ["pods were not listed yet", "claims were not listed yet"]
  expect(await ask("/readyz")).toEqual([503, "pods were not listed yet\nclaims were not listed yet\n"])
  expect(await ask("/livez")).toEqual([200, "ok\n"])
})

test("nothing else", async () => {
  expect([(await ask("/"))[0], (await ask("/metrics", "POST"))[0]]).toEqual([404, 405])
})

test("a port that is taken is an error, not a hang", async () => {
  const again = serveHealth({ port: server.port, notReady: () => [], metrics: async () => "" })
  await expect(again).rejects.toMatchObject({ code: "EADDRINUSE" })
})
