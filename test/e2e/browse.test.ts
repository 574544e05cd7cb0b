import { spawn, type ChildProcess } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { Page } from "playwright-core"
import { afterAll, beforeAll, expect, test } from "vitest"
import { startChromium } from "../support/chromium.ts"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { plainImages } from "../support/guest/images.ts"
import { noise } from "../support/guest/tree.ts"
import { importSnapshots } from "../support/imported-snapshots.ts"
import { installChart } from "../support/install.ts"
import { type LiveSession, waitForPhase } from "../support/live-session.ts"
import { run } from "../support/run.ts"
import * as shop from "../support/shop.ts"

/** `kubectl recover browse` on a session of the real cluster, in Chromium: from the address it prints to a file on disk. */
const namespace = "e2e-browse"
const name = "orders"
let cluster: Cluster
let browse: ChildProcess
let page: Page
const undo = new AsyncDisposableStack()
let said = ""

beforeAll(async () => {
  cluster = await openCluster()
  await installChart(cluster)
  await shop.makeNamespace(cluster, namespace)
  undo.defer(() => shop.removeNamespaces(cluster, namespace))
  await importSnapshots(cluster, namespace, [{ name: "data", image: join(await plainImages(), "whole.img") }])
  const what = ["--from", "snapshot/data", "--storage-class", "loop", "--ttl", "2h", "--wait"]
  await run("kubectl-recover", ["create", name, ...what, "-n", namespace], { env: cluster.env })
  browse = spawn("kubectl-recover", ["browse", name, "--no-open", "-n", namespace], {
    env: cluster.env,
    stdio: ["ignore", "pipe", "pipe"],
  })
  undo.defer(() => void browse.kill())
  browse.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text))
  const [address] = (await once(createInterface({ input: browse.stdout ?? process.stdin }), "line")) as [string]
  const browser = await startChromium()
  undo.defer(() => browser.close())
  page = await browser.newPage()
  await page.goto(address)
})

afterAll(() => undo.disposeAsync())

test("a file is found by clicks, and on disk it has the right content", async () => {
  await page.locator("a.card", { hasText: "data" }).click()
  await page.getByTitle("big", { exact: true }).click()
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download", exact: true }).click(),
  ])
  const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex")
  expect(download.suggestedFilename()).toBe("big")
  expect(sha256(readFileSync(await download.path()))).toBe(sha256(noise("big", 24 << 20)))
})

test("the session is made an hour longer", async () => {
  const end = async () =>
    Date.parse(
      (await cluster.get<{ status: { expiresAt: string } }>("frsess", name, namespace))?.status.expiresAt ?? "",
    )
  const before = await end()
  await page.getByRole("button", { name: "One hour more" }).click()
  await expect.poll(end, { timeout: 30_000 }).toBe(before + 3_600_000)
})

test("it is unmounted, and then browsing is over", async () => {
  await page.getByRole("button", { name: "Unmount…" }).click()
  await page.getByRole("dialog").getByRole("button", { name: "Unmount" }).click()
  const session = await waitForPhase(cluster, { namespace, name }, "Unmounted")
  expect(session satisfies LiveSession).toMatchObject({ status: { phase: "Unmounted" } })
  if (browse.exitCode === null) await once(browse, "exit")
  expect([browse.exitCode, said]).toEqual([0, expect.stringContaining("The session has ended.")])
})
