import { afterEach, beforeEach, expect, test } from "vitest"
import { releaseAll } from "../../src/controller/release-all.ts"
import { type Kube, openKube } from "../../src/kube/kube.ts"
import { ApiFailure } from "../support/api-objects.ts"
import { type ApiServer, send, statusOf } from "../support/api-server.ts"
import { openSessionLab, type SessionLab, sessionPath } from "../support/session-lab.ts"
import { paths, type SessionWorld } from "../support/session-world.ts"

/** What `helm uninstall` does first: no session may need an operator any more when there is none. */
let lab: SessionLab
let api: ApiServer
let world: SessionWorld
let kube: Kube
let told: object[]
beforeEach(async () => {
  lab = await openSessionLab()
  ;({ api, world } = lab)
  kube = openKube(api.config)
  told = []
})
afterEach(async () => {
  kube.connection.close()
  await lab.close()
})

const source = { persistentVolumeClaims: [{ name: "data" }] }
const finalizers = ["filerecovery.dev/release"]
const release = (timeoutMs: number) =>
  releaseAll({
    client: kube.client,
    timeoutMs,
    log: { debug: () => undefined, info: (fields) => told.push(fields), warn: () => undefined },
  })
const patches = () =>
  api.requests.filter(({ method }) => method === "PATCH").map(({ url, body }) => [url.pathname, body])
const session = (name: string, fields: object = {}, metadata: object = {}) =>
  api.objects.create(paths.sessions, {
    metadata: { name, namespace: "shop", ...metadata },
    spec: { source },
    ...fields,
  } as never)

test("a session in progress is unmounted and waited for", async () => {
  world.session("orders", { source })
  await lab.until(() => lab.phase() === "Ready")
  const released = release(60_000)
  const asked = () => (api.objects.get(sessionPath)["spec"] as { desiredState?: string }).desiredState === "Unmounted"
  while (!asked()) await new Promise(setImmediate)
  await lab.until(() => lab.phase() === "Unmounted")
  await released
  expect([world.leftovers, api.objects.get(sessionPath).metadata.finalizers]).toEqual([[], []])
  expect(told[0]).toEqual({ waitingFor: ["shop/orders (Asked to unmount.)"] })
})

test("who has finished, was asked, or is being deleted isn't asked; who isn't done is named with what it waits for", async () => {
  const Released = {
    type: "Released",
    status: "False",
    message: "Waiting until pod x on node n1 has released its disks.",
  }
  session("finished", { status: { phase: "Expired" } })
  session("asked", {
    spec: { source, desiredState: "Unmounted" },
    status: { phase: "Unmounting", conditions: [Released] },
  })
  session("deleted", { status: { phase: "Ready" } }, { finalizers, deletionTimestamp: "2026-11-22T03:00:00Z" })
  session("held", { status: { phase: "Unmounted" } }, { finalizers })
  session("new")
  const error = await release(0).catch((error: unknown) => String(error))
  expect(error).toContain(
    [
      "Not released within 0 s: shop/asked (Waiting until pod x on node n1 has released its disks.)",
      "shop/deleted (No operator has answered.)",
      "shop/held (No operator has answered.)",
      "shop/new (Asked to unmount.). Nothing was uninstalled.",
    ].join(", "),
  )
  expect(patches()).toEqual([[`${paths.sessions}/new`, '{"spec":{"desiredState":"Unmounted"}}']])
})

test("one that can't be asked says why, and doesn't keep the others from it", async () => {
  session("a")
  session("b")
  api.fault = ({ method }, response, url) => {
    if (method !== "PATCH" || !url.pathname.endsWith("/a")) return false
    send(response, 403, statusOf(new ApiFailure(403, "Forbidden", "a policy says no")))
    return true
  }
  await expect(release(0)).rejects.toThrow("shop/a (patch FileRecoverySession shop/a: a policy says no)")
  expect(patches().map(([path]) => path)).toContain(`${paths.sessions}/b`)
})

test("no more than 20 are named", async () => {
  for (let count = 100; count < 125; count++) session(`s${count}`)
  const error = await release(0).catch((error: unknown) => String(error))
  expect(error).toContain("shop/s119 (Asked to unmount.) and 5 more. ")
})

test("rights that are not in force yet: it tries again", async () => {
  let refused = 0
  api.fault = (_, response) => {
    if (refused++ > 0) return false
    send(response, 403, statusOf(new ApiFailure(403, "Forbidden", "User cannot list resource")))
    return true
  }
  await release(10_000)
  expect(told).toEqual([{ waitingFor: ["list filerecoverysessions: User cannot list resource"] }])
})

test("no such kind: there is nothing to release", async () => {
  api.fault = (_, response) => Boolean(response.writeHead(404).end("404 page not found\n"))
  await expect(release(0)).resolves.toBeUndefined()
})
