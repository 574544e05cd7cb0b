import { spawn } from "node:child_process"
import { once } from "node:events"
import { createReadStream } from "node:fs"
import { createInterface } from "node:readline"
import { readTree } from "../../disks/read-tar.ts"
import { startChromium } from "../../support/chromium.ts"
import { below } from "../local-tree.ts"
import type { Way } from "../way.ts"

/** The page of `kubectl recover browse` in Chromium, by clicks from its address to an archive on disk. */
const pageWay = (name: string, from: (session: string) => string[]): Way => ({
  name,
  loses: [],
  async take(scene) {
    await using stack = new AsyncDisposableStack()
    const browse = spawn("kubectl", ["recover", "browse", ...from(scene.session), "--no-open", "-q"], {
      env: scene.env,
      stdio: ["ignore", "pipe", "inherit"],
    })
    const ended = once(browse, "close")
    stack.defer(async () => {
      browse.kill("SIGINT")
      await ended
    })
    const [address] = (await once(createInterface({ input: browse.stdout }), "line")) as [string]
    const browser = await startChromium()
    stack.defer(() => browser.close())
    const page = await browser.newPage()
    await page.goto(address)
    await page.locator("a.card", { hasText: "vg0-data" }).click()
    await page.getByTitle("tree", { exact: true }).click()
    await page.getByTitle("sparse", { exact: true }).waitFor()
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "tar" }).click(),
    ])
    const tree = await readTree(createReadStream(await download.path()))
    return below(tree, "tree")
  },
})

export const pageWays: readonly Way[] = [
  pageWay("browse: a click on tar", (session) => [session]),
  pageWay("browse --from, from nothing: a click on tar", () => ["--from", "pvc/data-orders-0"]),
]
