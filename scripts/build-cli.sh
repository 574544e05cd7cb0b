#!/bin/sh
# Bundles kubectl-recover into one file, build/kubectl-recover; with a folder of PATH in front it is `kubectl recover`.
# Needs Node 24 where it runs.
set -eu
cd "$(dirname "$0")/.."
out=build/kubectl-recover
mkdir -p build
# CommonJS packages inside the bundle call require for Node's own modules, and for native parts (ssh2's) that they do
# without when these are absent. Minified but for the names: the generated
# Kubernetes client is 20 MB otherwise, and stack traces stay readable.
banner='#!/usr/bin/env node
import { createRequire as bundleRequire } from "node:module"
const require = bundleRequire(import.meta.url), __dirname = import.meta.dirname
if (Number.parseInt(process.versions.node) < 24) {
  console.error(`error: kubectl-recover needs Node.js 24 or newer, this is ${process.versions.node}.`)
  process.exit(2)
}'
node_modules/.bin/esbuild src/cli.ts --bundle --platform=node --target=node24 --format=esm --outfile="$out.new.mjs" \
  --external:cpu-features --external:*.node \
  --minify-whitespace --minify-syntax --line-limit=160 --log-level=warning --banner:js="$banner"
chmod 755 "$out.new.mjs"
mv "$out.new.mjs" "$out"
echo "$out"
