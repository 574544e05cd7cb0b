import { afterEach, beforeEach, expect, test } from "vitest"
import { CONTROL_PORT } from "../../src/children/ports.ts"
import { controlClient } from "../../src/control/client.ts"
import { operatorIdentity } from "../../src/credentials/identity.ts"
import { createMasterKey, loadMasterKey } from "../../src/credentials/master-key.ts"
import { secretContents } from "../../src/credentials/secrets.ts"
import { type Kube, openKube } from "../../src/kube/kube.ts"
import { createAuthority, loadAuthority } from "../../src/pki/authority.ts"
import { Pods } from "../bench/scale/pods.ts"
import { type ApiServer, startApiServer } from "../support/api-server.ts"
import { paths } from "../support/session-world.ts"
import { waitFor } from "../support/wait.ts"

const hour = 3_600_000
const uid = "9d1c7a52-3c35-4a3e-9a9b-0d9f0f2b7c11"
const address = "127.77.0.9"
const now = new Date()
const end = new Date(now.getTime() + hour)
const authority = loadAuthority(
  createAuthority({ name: "test", notBefore: now, notAfter: new Date(now.getTime() + 24 * hour) }),
)

let api: ApiServer
let kube: Kube
let pods: Pods
beforeEach(async () => {
  api = await startApiServer()
  kube = openKube(api.config)
  pods = new Pods(kube)
  const serviceNames = { target: ["target"], files: ["files"] }
  const texts = secretContents(authority, loadMasterKey(createMasterKey()), { uid, serviceNames }, now, end)
  const data = Object.entries(texts.target).map(([file, text]) => [file, Buffer.from(text).toString("base64")])
  const metadata = { name: "frsess-orders-1-target", namespace: "shop" }
  api.objects.create(paths.secrets, { metadata, data: Object.fromEntries(data) } as never)
})
afterEach(async () => {
  await pods[Symbol.asyncDispose]()
  kube.connection.close()
  await api.close()
})

const ask = (sessionUid: string) =>
  controlClient({
    host: address,
    port: CONTROL_PORT,
    identity: operatorIdentity(authority, sessionUid, new Date()),
    sessionUid,
    role: "target",
  }).status()

test("a pod that is said to run answers at its address, to its session's operator only, until it is deleted", async () => {
  const labels = {
    "filerecovery.dev/instance": "test",
    "filerecovery.dev/role": "target",
    "filerecovery.dev/session-uid": uid,
  }
  const spec = { containers: [{ args: ["--deadline", end.toISOString(), "--disk", "data=abc-0=/dev/disk0"] }] }
  const metadata = { name: "frsess-orders-1-target-0", namespace: "shop", labels }
  api.objects.create(paths.pods, { metadata, spec } as never)
  await expect(ask(uid)).rejects.toMatchObject({ code: "ConnectionLost" })
  api.objects.patch(`${paths.pods}/${metadata.name}`, { status: { phase: "Running", podIP: address } })
  const status = await waitFor("an answer", () => ask(uid), { seconds: 10 })
  expect(status).toMatchObject({ state: "Serving", disks: [{ name: "data", serial: "abc-0" }] })
  await expect(ask("another")).rejects.toMatchObject({ code: "LoginRefused" })
  api.objects.remove(`${paths.pods}/${metadata.name}`)
  const isClosed = () =>
    ask(uid).then(
      () => false,
      () => true,
    )
  await waitFor("it to be silent", isClosed, { seconds: 10 })
  expect(pods.failures).toEqual([])
})
