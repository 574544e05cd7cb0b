import { afterEach, beforeEach, expect, test } from "vitest"
import { KubeEventRecorder } from "../../src/kube/events.ts"
import { type Kube, openKube } from "../../src/kube/kube.ts"
import { type ApiServer, startApiServer } from "../support/api-server.ts"
import { ManualClock } from "../support/manual-clock.ts"

let api: ApiServer
let kube: Kube
let clock: ManualClock
let failures: unknown[]
let recorder: KubeEventRecorder
beforeEach(async () => {
  api = await startApiServer()
  kube = openKube(api.config)
  clock = new ManualClock()
  failures = []
  recorder = new KubeEventRecorder({
    client: kube.client,
    instance: "pod-1",
    clock,
    onFailure: (error) => failures.push(error),
  })
})
afterEach(async () => {
  kube.connection.close()
  await api.close()
})

const session = {
  apiVersion: "filerecovery.dev/v1alpha1",
  kind: "FileRecoverySession",
  metadata: { name: "orders", namespace: "shop", uid: "u-1" },
}
const mounted = { type: "Normal", reason: "Mounted", message: "3 volumes" } as const
const events = () => api.objects.list("/apis/events.k8s.io/v1/events", () => true)

test("says who says what of whom", async () => {
  recorder.record(session, mounted)
  await recorder.flush()
  expect(events()).toMatchObject([
    {
      kind: "Event",
      metadata: { namespace: "shop", name: expect.stringMatching(/^orders\.[0-9a-f]{16}$/) },
      regarding: { ...session.metadata, apiVersion: session.apiVersion, kind: session.kind },
      type: "Normal",
      reason: "Mounted",
      note: "3 volumes",
      action: "Reconcile",
      reportingController: "filerecovery.dev/operator",
      reportingInstance: "pod-1",
      eventTime: "2026-11-22T03:00:00.000000Z",
    },
  ])
})

test("a repeat is counted, another message isn't one; after 10 minutes it's new", async () => {
  for (let i = 0; i < 3; i += 1) recorder.record(session, mounted)
  recorder.record(session, { ...mounted, message: "4 volumes" })
  await recorder.flush()
  expect(events().map(({ note, series }) => [note, series])).toEqual([
    ["3 volumes", { count: 3, lastObservedTime: "2026-11-22T03:00:00.000000Z" }],
    ["4 volumes", undefined],
  ])
  await clock.advance(10 * 60_000)
  recorder.record(session, mounted)
  await recorder.flush()
  expect(events()).toHaveLength(3)
})

test("the event to count on has expired: a new one", async () => {
  recorder.record(session, mounted)
  await recorder.flush()
  api.objects.remove(`/apis/events.k8s.io/v1/namespaces/shop/events/${events()[0]?.metadata.name}`)
  recorder.record(session, mounted)
  await recorder.flush()
  expect(events()).toHaveLength(1)
})

test("a long message is cut, a refusal is reported, a flood is dropped: the work itself never fails", async () => {
  recorder.record(session, { ...mounted, message: "x".repeat(5000) })
  await recorder.flush()
  expect(String(events()[0]?.["note"])).toHaveLength(1024)
  api.fault = (_, response) => Boolean(response.writeHead(403).end())
  recorder.record(session, mounted)
  await recorder.flush()
  expect(failures).toMatchObject([{ status: 403 }])
  for (let i = 0; i < 150; i += 1) recorder.record(session, { ...mounted, message: String(i) })
  expect(failures.length).toBe(51)
  await recorder.flush()
})
