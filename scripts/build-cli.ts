import { chmod, mkdir, rename } from "node:fs/promises"
import { isBuiltin } from "node:module"
import { join } from "node:path"
import { build, type Plugin } from "esbuild"
import { bundlePage } from "./bundle-page.ts"

/** Bundles kubectl-recover, with its web page, into one file, build/kubectl-recover. It needs Node 24 where it runs. */
const root = join(import.meta.dirname, "..")
const out = join(root, "build/kubectl-recover")

// CommonJS packages inside the bundle call require for Node's own modules, and for native parts (ssh2's) that they do
// without when these are absent
const banner = `#!/usr/bin/env node
import { createRequire as bundleRequire } from "node:module"
const require = bundleRequire(import.meta.url), __dirname = import.meta.dirname
if (Number.parseInt(process.versions.node) < 24) {
  console.error(\`error: kubectl-recover needs Node.js 24 or newer, this is \${process.versions.node}.\`)
  process.exit(2)
}`

/**
 * Node's own modules by require: where one lacks something an import would end an old Node before it can be told its age.
 * For the same reason the syntax is older than what it needs.
 */
const builtinsByRequire: Plugin = {
  name: "builtins-by-require",
  setup(bundle) {
    bundle.onResolve({ filter: /^[a-z]/ }, ({ path, kind }) =>
      kind === "import-statement" && isBuiltin(path) ? { path, namespace: "builtin" } : undefined,
    )
    bundle.onLoad({ filter: /./, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
    }))
  },
}

await mkdir(join(root, "build"), { recursive: true })
await build({
  entryPoints: [join(root, "src/cli.ts")],
  outfile: `${out}.new.mjs`,
  bundle: true,
  platform: "node",
  target: "node18",
  format: "esm",
  plugins: [builtinsByRequire],
  define: { __pageAssets: JSON.stringify(await bundlePage()) },
  // the page is bundled when it is asked for only from the sources
  external: ["*/scripts/bundle-page.ts", "cpu-features", "*.node"],
  // but for the names: the generated Kubernetes client is 20 MB otherwise, and stack traces stay readable
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 160,
  logLevel: "warning",
  banner: { js: banner },
})
await chmod(`${out}.new.mjs`, 0o755)
await rename(`${out}.new.mjs`, out)
console.log("build/kubectl-recover")
