#!/bin/sh
# Types, lint with the import law, format and unit tests. Stays below 15 seconds.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/node_modules/.bin:$PATH # Node 24
node_modules/.bin/tsc
node_modules/.bin/tsc -p src/page
node_modules/.bin/oxlint --type-aware --deny-warnings
node_modules/.bin/prettier --check --cache --log-level warn .
# test/run.ts counts the tests in the report
node_modules/.bin/vitest run --project unit ${TEST_REPORT:+--reporter=json "--outputFile.json=$TEST_REPORT"}
