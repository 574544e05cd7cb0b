import { join } from "node:path"
import { build } from "esbuild"
import { beforeAll, expect, test } from "vitest"
import { run } from "../support/run.ts"

/** What scripts/build-cli.ts makes, where Node is older than it needs. */
const root = join(import.meta.dirname, "../..")
const bundle = join(root, "build/kubectl-recover")

beforeAll(() => run(process.execPath, [join(root, "scripts/build-cli.ts")]), 60_000)

test("an old Node is told its age", async () => {
  const older = `data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.1.0"})`
  const { code, stderr } = await run(process.execPath, ["--import", older, bundle, "get"], { accept: [2] })
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: "error: kubectl-recover needs Node.js 24 or newer, this is 20.1.0.\n",
  })
})

test("nothing is imported before that: what an old Node lacks would be all it says", async () => {
  const { metafile } = await build({
    entryPoints: [bundle],
    loader: { "": "js" },
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["*/scripts/bundle-page.ts", "cpu-features", "*.node"],
    outdir: root,
    write: false,
    metafile: true,
  })
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
  expect(imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => path)).toEqual(["node:module"])
})
