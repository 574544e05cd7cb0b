#!/bin/sh
# Bundles kubectl-recover into one file, build/kubectl-recover; with a folder of PATH in front it is `kubectl recover`.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/node_modules/.bin:$PATH # Node 24
node scripts/build-cli.ts
