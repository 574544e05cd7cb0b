import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { request } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Browser } from "playwright-core"
import { pageAssets } from "../../src/cli/browse/assets.ts"
import { startProxy } from "../../src/cli/browse/proxy.ts"
import type { BrowsedSession } from "../../src/cli/browse/session.ts"
import { startChromium } from "./chromium.ts"
import { directorySource } from "./directory-source.ts"
import { fileServiceLab } from "./file-service.ts"

/** Names that deceive or break what shows them. */
export const oddNames = [
  "bad\xff\xfe",
  "new\nline",
  "-rf",
  "<img src=x onerror=alert(1)>",
  "\xe2\x80\xaegnp.exe",
  "n".repeat(255),
]
  .map((name) => Buffer.from(name, "latin1"))
  .concat(Buffer.from("größe 文件 😀"))

export const database = Buffer.alloc(3_000_000, "orders")

/** One red pixel. */
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="

const pdf = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>endobj
trailer<</Root 1 0 R>>`

export interface Answer {
  readonly status: number | undefined
  readonly headers: Record<string, unknown>
  readonly body: string
}

/** What `browse` serves of a directory of this machine, and a browser to look at it. */
export interface BrowseLab extends AsyncDisposable {
  /** Holds `orders` (a database, texts, a picture, a document), `odd`, `many` (20,000 files), and a link to `orders`. */
  readonly root: string
  readonly url: string
  readonly browser: Browser
  /** The session, as the page is told of it. */
  readonly session: { expiresAt: Date; phase: string }
  /** A bare request, as any program of this machine can make it. */
  ask(path: string, options?: { port?: string; headers?: object; method?: string }): Promise<Answer>
}

export async function openBrowseLab(): Promise<BrowseLab> {
  await using stack = new AsyncDisposableStack()
  const root = makeTree()
  stack.defer(() => rmSync(root, { recursive: true }))
  const lab = stack.use(await fileServiceLab(directorySource(root)))
  const files = lab.client()
  stack.defer(() => files.close())
  const session = { expiresAt: new Date(), phase: "Ready" }
  const proxy = await startProxy({ files, session: browsed(session), assets: await pageAssets(), port: 0 })
  stack.defer(() => proxy.close())
  const browser = await startChromium()
  stack.defer(() => browser.close())
  const undo = stack.move()
  return {
    root,
    url: proxy.url,
    browser,
    session,
    ask: (path, { port = new URL(proxy.url).port, ...options } = {}) =>
      answerTo({ host: "127.0.0.1", port, path, ...options }),
    [Symbol.asyncDispose]: () => undo.disposeAsync(),
  }
}

function makeTree(): string {
  const root = mkdtempSync(join(tmpdir(), "frk-browse-test-"))
  for (const folder of ["orders/2026", "odd", "many"]) mkdirSync(join(root, folder), { recursive: true })
  writeFileSync(join(root, "orders/2026-11.db"), database)
  writeFileSync(join(root, "orders/notes.txt"), "größe 1\n")
  writeFileSync(join(root, "orders/evil.html"), "<script>document.title='evil'</script>")
  writeFileSync(join(root, "orders/red.png"), Buffer.from(png, "base64"))
  writeFileSync(join(root, "orders/report.pdf"), pdf)
  for (const name of oddNames) writeFileSync(Buffer.concat([Buffer.from(`${root}/odd/`), name]), name)
  for (let index = 0; index < 20_000; index++) writeFileSync(join(root, "many", `file-${index}`), "")
  symlinkSync("orders", join(root, "link"))
  return root
}

function browsed(session: BrowseLab["session"]): BrowsedSession {
  return {
    info: () => {
      const expiresAt = session.expiresAt.toISOString()
      return Promise.resolve({ name: "orders", phase: session.phase, canExtend: true, canUnmount: true, expiresAt })
    },
    extend: () => {
      session.expiresAt = new Date(session.expiresAt.getTime() + 3_600_000)
      return Promise.resolve()
    },
    unmount: () => {
      session.phase = "Unmounting"
      return Promise.resolve()
    },
  }
}

function answerTo(options: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(options, (response) => {
      let body = ""
      response
        .setEncoding("utf8")
        .on("data", (text: string) => (body += text))
        .on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }))
    })
      .on("error", reject)
      .end()
  })
}
