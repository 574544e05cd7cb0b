import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { type ApiServer, startApiServer } from "../support/api-server.ts"
import { cli } from "../support/cli.ts"
import { paths } from "../support/session-world.ts"

/** What people see of spec.verifySource in kubectl recover, against an API server in this process. */
let api: ApiServer
let directory: string
beforeEach(async () => {
  api = await startApiServer()
  directory = mkdtempSync(join(tmpdir(), "cli-"))
  writeFileSync(join(directory, "kubeconfig"), api.config.exportConfig(), { mode: 0o600 })
})
afterEach(async () => {
  rmSync(directory, { recursive: true })
  await api.close()
})

const recover = (...args: string[]) => cli([...args, "-n", "shop"], { KUBECONFIG: join(directory, "kubeconfig") })

/** A finished session, whose source turned out like this. */
function finished(phase: string, holds: boolean, reason: string, message: string): void {
  const conditions = [
    { type: "SourceVerified", status: holds ? "True" : "False", reason, message },
    phase === "Failed"
      ? { type: "Stalled", status: "True", reason, message }
      : { type: "Complete", status: "True", reason: "UnmountRequested", message: "" },
  ]
  const status = { phase, conditions, clones: [{}], release: { writeAttempts: 0, sourceVerified: holds } }
  api.objects.create(paths.sessions, { metadata: { name: "orders", namespace: "shop" }, status } as never)
}

test("create --verify-source asks for it, create without does not", async () => {
  for (const [name, ...more] of [["orders", "--verify-source"], ["others"]] as const)
    expect((await recover("create", name, "--from", "pvc/data", ...more)).code).toBe(0)
  const specs = api.objects.list(paths.sessions, () => true).map(({ spec }) => spec)
  const source = { persistentVolumeClaims: [{ name: "data" }] }
  expect(specs).toEqual([{ source, verifySource: true }, { source }])
})

test("a source that was verified", async () => {
  finished("Unmounted", true, "SourceVerified", "All 2 disks still have the sha256 from before the first read.")
  const get = await recover("get", "orders")
  expect([get.code, get.out.toString()]).toEqual([0, expect.stringContaining("\nSource verified: true: All 2 disks")])
  const unmount = await recover("unmount", "orders")
  expect([unmount.code, unmount.out.toString()]).toEqual([
    0,
    expect.stringContaining("0 writes refused, source verified"),
  ])
})

test("a source that was changed: unmount tells what it would have told, and fails", async () => {
  finished("Failed", false, "SourceChanged", "Disk data was changed while it was served.")
  const get = await recover("get", "orders")
  expect(get.out.toString()).toContain("Source verified: false: Disk data was changed while it was served.")
  expect(get.err).toContain("Failed: SourceChanged: Disk data was changed")
  const unmount = await recover("unmount", "orders", "-q")
  expect([unmount.code, unmount.out.toString()]).toEqual([1, expect.stringContaining("Failed: 1 clone removed")])
  expect(unmount.out.toString()).toContain("source NOT verified")
  expect(unmount.err).toContain("Disk data was changed while it was served.")
})
