import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { build } from "esbuild"
import type { PageAssets } from "../src/cli/browse/assets.ts"

const folder = join(import.meta.dirname, "../src/page")

/** Bundles the web page of `kubectl recover browse` (src/page): one script, one style sheet, nothing from elsewhere. */
export async function bundlePage(): Promise<PageAssets> {
  const { outputFiles } = await build({
    entryPoints: [join(folder, "main.tsx"), join(folder, "page.css")],
    outdir: folder, // nothing is written
    write: false,
    bundle: true,
    minify: true,
    format: "esm",
    target: ["chrome123", "firefox120", "safari17.5"], // light-dark() and CSS nesting
    logLevel: "warning",
  })
  const made = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? ""
  const read = (name: string) => readFile(join(folder, name), "utf8")
  return { html: await read("index.html"), icon: await read("icon.svg"), js: made(".js"), css: made(".css") }
}
