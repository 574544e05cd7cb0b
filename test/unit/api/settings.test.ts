import { expect, test } from "vitest"
import { parseSettings } from "../../../src/api/settings.ts"

const least = {
  engineImage: "engine:dev",
  instance: "main",
  operatorNamespace: "file-recovery",
  operatorLabels: { app: "operator" },
}
const parse = (more: object) => parseSettings(JSON.stringify({ ...least, ...more }))

test("the least that must be said; durations in milliseconds", () => {
  expect(parse({})).toMatchObject({
    ...least,
    imagePullPolicy: "IfNotPresent",
    diskGroup: 6,
    guest: { memoryMiB: 512, cpus: 1, overlayMiB: 512 },
    resources: { target: {}, files: {}, guest: {} },
    maxTtl: 12 * 3_600_000,
    pendingTimeout: 3_600_000,
    limits: { sessionsPerNamespace: 20, sessionsPerCluster: 100 },
    workers: 4,
    kubeApi: { qps: 50, burst: 100 },
    logLevel: "info",
    healthPort: 8080,
  })
  expect(parse({ maxTtl: "90m", resources: { target: { limits: { cpu: 1 } } } })).toMatchObject({
    maxTtl: 90 * 60_000,
    resources: { target: { limits: { cpu: "1" } } },
  })
})

test.each([
  ["no image", { engineImage: undefined }, "engineImage: "],
  ["a longer ttl than anybody may give", { maxTtl: "13h" }, "maxTtl: must be 1m to 12h"],
  ["a ttl that isn't one", { maxTtl: "soon" }, 'maxTtl: must be a duration like "12h"'],
  ["no operator labels: any pod would be let in", { operatorLabels: {} }, "operatorLabels: must have at least one"],
  ["an instance that can't be a label", { instance: "a b" }, "instance: must be a label value"],
  ["a limit below none", { limits: { sessionsPerNamespace: -1 } }, "limits.sessionsPerNamespace: "],
  ["half a session", { limits: { sessionsPerCluster: 1.5 } }, "limits.sessionsPerCluster: "],
  ["no workers", { workers: 0 }, "workers: "],
  ["no request a second", { kubeApi: { qps: 0 } }, "kubeApi.qps: "],
  ["a wrong unit inside", { guest: { memoryMiB: "512Mi" } }, "guest.memoryMiB: "],
])("%s", (_, more, words) => {
  expect(() => parse(more)).toThrow(
    expect.objectContaining({ code: "UsageError", message: expect.stringContaining(words) }),
  )
})

test("what a later version has added is left out", () => {
  const later = { limits: { sessionsPerUser: 3 }, newer: { is: "unknown" } }
  expect(parse(later)).toEqual(parse({}))
})

test("all that is wrong is said at once; what isn't JSON is said to be that", () => {
  expect(() => parse({ workers: 0, diskGroup: -1 })).toThrow(/workers: .*; |diskGroup: .*; /)
  expect(() => parseSettings("{")).toThrow("not JSON")
})
