import { expect, onTestFinished, test } from "vitest"
import { restoreStatusSchema, targetStatusSchema } from "../../../src/control/schemas.ts"
import { sessionUri } from "../../../src/pki/peer.ts"
import { benchPod, Link } from "../../bench/scale/pod.ts"
import { makeAuthority } from "../../support/certificates.ts"

const sessionUid = "9d1c7a52-3c35-4a3e-9a9b-0d9f0f2b7c11"
const deadline = new Date(Date.now() + 3_600_000).toISOString()

function parts() {
  const link = new Link()
  const { cert: certificate } = makeAuthority().issue(sessionUri(sessionUid, "target"))
  const make = (role: "target" | "restore", disk: string) => {
    const spec = { containers: [{ args: ["--deadline", deadline, "--disk", disk] }] }
    const pod = benchPod({ role, spec, sessionUid, certificate, link })
    onTestFinished(() => pod.life.end("SIGTERM"))
    return pod
  }
  onTestFinished(() => link.logOut())
  return { make }
}

function pair() {
  const { make } = parts()
  const target = make("target", "data=abc-0=/dev/disk0")
  const restore = make("restore", "data=abc-0")
  return {
    target,
    restore,
    told: () => ({
      target: targetStatusSchema.parse(target.handlers.status()),
      restore: restoreStatusSchema.parse(restore.handlers.status()),
    }),
  }
}

test("what both say of the session's disk is what the operator understands", () => {
  const { target, restore } = pair().told()
  expect(target).toMatchObject({ state: "Serving", disks: [{ name: "data", serial: "abc-0" }] })
  expect(target.counters.initiators).toBe(1)
  expect(restore).toMatchObject({ state: "Ready", volumes: [{ path: "data", state: "Mounted" }] })
})

test("a restore pod has nothing to mount before there is a target", () => {
  const { make } = parts()
  const restore = make("restore", "data=abc-0")
  expect(restoreStatusSchema.parse(restore.handlers.status()).state).toBe("Starting")
  make("target", "data=abc-0=/dev/disk0")
  expect(restoreStatusSchema.parse(restore.handlers.status()).state).toBe("Ready")
})

test("a target lets go when the restore pod has logged out, not before", async () => {
  const { target, restore, told } = pair()
  target.handlers.release("UnmountRequested", false)
  await new Promise(setImmediate)
  expect(told().target).toMatchObject({ state: "Releasing", counters: { initiators: 1 } })
  restore.handlers.release("UnmountRequested", false)
  await new Promise(setImmediate)
  expect(told()).toMatchObject({
    target: { state: "Released", counters: { initiators: 0 } },
    restore: { state: "Released" },
  })
})
